"""The table of SQL clients: options, where statements stand, what names the server, what it is by default.

Longer than 400 lines, because it is one table.
"""

from __future__ import annotations

from gatesh._value import Value
from gatesh.facts.sql_scan import MYSQL, POSTGRES, SQLITE
from gatesh.model import Locality


class Client(Value):
    """How one client, or one sub-command of a tool, is told what to run.

    `valued` lists the options that take the next word, with their letter in front: `e:execute`. The other
    texts are names of options, or of `operands`; a name with a star stands for all that are left.
    """

    kind: str  # of the target
    path: str = ""  # the sub-commands, `fly|x` where there are several names
    valued: str = ""
    sql: str = ""
    files: str = ""
    server: str = ""
    env: str = ""  # variables that name the server
    operands: str = ""
    language: str = "sql"  # whose commands besides SQL: psql, mysql, dots, tsql, bang
    dialect: str = POSTGRES
    foreign: bool = False  # no scanner of ours knows its strings and comments for sure
    default: Locality = Locality.LOCAL  # where no server is named
    local: str = ""  # flags that say so
    remote: str = ""
    dry: str = ""  # flags with which nothing runs
    joins: bool = False  # its operands are one statement
    passed_on: bool = False  # what is behind `--` is psql's command line

    @property
    def short(self) -> dict[str, str]:
        """Return the letters of options."""
        return {entry[0]: entry[2:] for entry in self.valued.split() if entry[1:2] == ":"}

    @property
    def long(self) -> dict[str, bool]:
        """Return the options that take a value."""
        flags = f"help version {self.local} {self.remote} {self.dry}"
        valued = {entry.rpartition(":")[2]: True for entry in self.valued.split()}
        return dict.fromkeys(flags.split(), False) | valued

    def elsewhere(self, remote: str) -> Locality:
        """Return what is local to the place that the client runs in, as seen from here."""
        return Locality.UNKNOWN if remote else Locality.LOCAL


_REMOTE, _UNKNOWN = Locality.REMOTE, Locality.UNKNOWN

_CLICKHOUSE = Client(
    "clickhouse",
    valued="q:query queries-file h:host port u:user password d:database f:format C:config-file connection "
    "c:config s:secure-port input-format output-format param-x max-threads",
    sql="query", files="queries-file", server="host server", env="CLICKHOUSE_HOST", operands="server",
    dialect=MYSQL, foreign=True,
)  # fmt: skip
_CLICKHOUSE_LOCAL = _CLICKHOUSE.but(server="", operands="", env="")
_SNOWFLAKE = Client(
    "snowflake",
    valued="q:query f:filename a:accountname u:username d:dbname s:schemaname r:rolename w:warehouse "
    "h:host p:port o:option D:variable c:connection region authenticator config database role schema account "
    "user format env private-key-path token-file-path",
    sql="query", files="filename", dialect=MYSQL, foreign=True, default=_REMOTE, language="bang",
)  # fmt: skip
_BQ = """
project_id location format dataset_id n:max_rows destination_table destination_kms_key clustering_fields
time_partitioning_field time_partitioning_type time_partitioning_expiration parameter label schedule
display_name job_id maximum_bytes_billed udf_resource external_table_definition schema_update_option
range_partitioning session_id connection_property target_dataset s:start_row flagfile apilog api
credential_file bigqueryrc job_timeout_ms max_statement_results reservation_id transfer_config
"""
_POSTGRES = Client(
    "postgres",
    valued="h:host p:port U:username u:user d:dbname D:dsn pgclirc row-limit prompt prompt-dsn c:command "
    "init-command log-file application-name ssh-tunnel",
    sql="command init-command", server="host dsn dbname", operands="dbname user", language="psql",
)  # fmt: skip
_JDBC = Client(
    "hive",
    valued="u:url e:execute f:file i:init n:user p:password d:driver database hiveconf hivevar outputformat "
    "q:query k:key P:principal S:schema server catalog schema output-format client-tags session source "
    "master conf deploy-mode name",
    sql="execute query", files="file init", server="url server impalad", dialect=MYSQL, foreign=True,
    language="bang", default=_UNKNOWN,
)  # fmt: skip
_AWS = Client(
    "aws", valued="endpoint-url region profile output query resource-arn secret-arn cluster-identifier "
    "workgroup-name database sql sqls query-string statement db-user query-execution-context work-group "
    "result-configuration statement-name parameters schema",
    sql="sql sqls query-string statement", server="endpoint-url", default=_REMOTE,
)  # fmt: skip
_FLEXIBLE = (
    "n:name u:admin-user p:admin-password d:database-name q:querytext f:file-path o:output query"
)

CLIENTS: dict[str, tuple[Client, ...]] = {
    "cockroach": (
        Client(
            "postgres",
            "sql",
            "e:execute f:file url host p:port d:database u:user certs-dir set format watch cluster-name "
            "cert-principal-map log log-config-file",
            sql="execute",
            files="file",
            server="url host",
            env="COCKROACH_URL COCKROACH_HOST",
            language="psql",
        ),
    ),
    "pgcli": (_POSTGRES,),
    "usql": (
        Client(
            "database",
            valued="c:command f:file o:out v:set P:pset F:field-separator R:record-separator "
            "T:table-attr",
            sql="command",
            files="file",
            operands="server",
            server="server",
            language="psql",
        ),
    ),
    "mycli": (
        Client(
            "mysql",
            valued="h:host P:port u:user S:socket p:password D:database e:execute init-command d:dsn "
            "R:prompt l:logfile defaults-file defaults-group-suffix myclirc login-path ssl-ca ssl-cert ssl-key",
            sql="execute init-command",
            server="host dsn",
            operands="database",
            env="MYSQL_HOST",
            language="mysql",
            dialect=MYSQL,
        ),
    ),
    "mysqlsh": (
        Client(
            "mysql",
            valued="h:host P:port u:user S:socket p:password D:database e:execute f:file uri schema "
            "pym import",
            sql="execute",
            files="file",
            server="host uri server",
            operands="server",
            language="mysql",
            dialect=MYSQL,
        ),
    ),
    "litecli": (
        Client(
            "sqlite",
            valued="e:execute D:database",
            sql="execute",
            operands="database",
            language="dots",
            dialect=SQLITE,
        ),
    ),
    "sqlcmd": (
        Client(
            "sqlserver",
            valued="S:server d:database-name Q:query q:initial-query i:input-file U:user-name "
            "P:password v:variables o:output-file t:query-timeout l:login-timeout h:headers s:column-separator "
            "w:screen-width a:packet-size c:batch-terminator H:workstation-name K:application-intent "
            "y:variable-type-width Y:fixed-type-width m:error-level V:error-severity-level",
            sql="query initial-query",
            files="input-file",
            server="server",
            env="SQLCMDSERVER",
            language="tsql",
            dialect=SQLITE,
        ),
    ),
    "clickhouse-client": (_CLICKHOUSE,),
    "clickhouse-local": (_CLICKHOUSE_LOCAL,),
    "clickhouse": (
        _CLICKHOUSE.but(path="client"),
        _CLICKHOUSE_LOCAL.but(path="local"),
        _CLICKHOUSE_LOCAL,
    ),
    "bq": (
        Client(
            "bigquery",
            "query",
            _BQ,
            sql="sql",
            operands="sql*",
            joins=True,
            dialect=MYSQL,
            foreign=True,
            default=_REMOTE,
            dry="dry_run",
        ),
    ),
    "snowsql": (_SNOWFLAKE,),
    "snow": (_SNOWFLAKE.but(path="sql"),),
    "cqlsh": (
        Client(
            "cassandra",
            valued="e:execute f:file u:username p:password k:keyspace cqlshrc cqlversion "
            "connect-timeout request-timeout browser encoding",
            sql="execute",
            files="file",
            server="server",
            operands="server",
            env="CQLSH_HOST",
        ),
    ),
    "trino": (_JDBC.but(kind="trino", default=Locality.LOCAL),),
    "presto": (_JDBC.but(kind="presto", default=Locality.LOCAL),),
    "beeline": (_JDBC,),
    "hive": (_JDBC,),
    "spark-sql": (_JDBC.but(kind="spark"),),
    "impala-shell": (
        _JDBC.but(
            kind="impala",
            valued="q:query f:file i:impalad d:database u:user",
            default=Locality.LOCAL,
        ),
    ),
    "vsql": (
        _POSTGRES.but(
            kind="vertica",
            valued="h:host p:port U:username d:dbname w:password c:command f:file",
            files="file",
            server="host",
            env="VSQL_HOST",
        ),
    ),
    "sqlplus": (
        Client(
            "oracle",
            valued="M:markup C:compatibility",
            sql="none",
            operands="server files*",
            server="server",
            files="files",
            language="bang",
            default=_UNKNOWN,
        ),
    ),
    "turso": (
        Client(
            "turso",
            "db shell",
            valued="l:location config-path proxy",
            sql="sql",
            operands="database sql*",
            joins=True,
            language="dots",
            dialect=SQLITE,
            default=_REMOTE,
        ),
    ),
    "wrangler": (
        Client(
            "d1",
            "d1 execute",
            valued="command file c:config e:env cwd persist-to",
            sql="command",
            files="file",
            operands="database",
            dialect=SQLITE,
            local="local",
            remote="remote",
            default=_UNKNOWN,
        ),
    ),
    "pscale": (
        Client(
            "planetscale",
            "shell",
            valued="org role local-addr api-token service-token service-token-id f:format config",
            operands="database branch",
            dialect=MYSQL,
            language="mysql",
            default=_REMOTE,
        ),
    ),
    "supabase": (
        Client(
            "supabase",
            "db query|execute",
            valued="db-url f:file workdir p:password o:output network-id profile dns-resolver",
            sql="sql",
            files="file",
            server="db-url",
            operands="sql*",
            joins=True,
            local="local",
            remote="linked",
            default=_UNKNOWN,
        ),
    ),
    "prisma": (
        Client(
            "prisma",
            "db execute",
            valued="file url schema config",
            files="file",
            server="url",
            default=_UNKNOWN,
        ),
    ),
    "heroku": (
        Client(
            "heroku",
            "pg:psql|psql",
            valued="c:command f:file a:app r:remote credential",
            sql="command",
            files="file",
            operands="database",
            language="psql",
            default=_REMOTE,
        ),
    ),
    **dict.fromkeys(
        ("fly", "flyctl"),
        (
            Client(
                "fly",
                "postgres|pg|mpg connect",
                valued="a:app c:config d:database u:user p:password",
                language="psql",
                default=_REMOTE,
            ),
        ),
    ),
    "railway": (
        Client(
            "railway",
            "connect",
            valued="e:environment",
            operands="database",
            language="psql",
            default=_REMOTE,
        ),
    ),
    **dict.fromkeys(
        ("neonctl", "neon"),
        (
            Client(
                "neon",
                "connection-string|cs|psql",
                valued="project-id branch role-name database-name "
                "endpoint-type ssl api-key output config-dir",
                operands="passed*",
                default=_REMOTE,
                passed_on=True,
            ),
        ),
    ),
    "rails": (
        Client(
            "rails",
            "dbconsole|db",
            valued="e:environment db database",
            language="psql",
            default=_UNKNOWN,
        ),
    ),
    **dict.fromkeys(
        ("manage.py", "django-admin"),
        (
            Client(
                "django",
                "dbshell",
                valued="database settings pythonpath c:command e:execute",
                sql="command execute",
                language="psql",
                default=_UNKNOWN,
            ),
        ),
    ),
    "gcloud": (
        Client(
            "cloudsql",
            "sql connect",
            valued="database d:database u:user port project account",
            operands="instance",
            dialect=MYSQL,
            foreign=True,
            default=_REMOTE,
        ),
        Client(
            "spanner",
            "spanner databases execute-sql",
            valued="sql instance project timeout format priority account database-role query-mode",
            sql="sql",
            operands="database",
            default=_REMOTE,
        ),
    ),
    "az": (
        Client(
            "azure",
            "postgres flexible-server execute",
            valued=_FLEXIBLE,
            sql="querytext",
            files="file-path",
            default=_REMOTE,
        ),
        Client(
            "azure",
            "mysql flexible-server execute",
            valued=_FLEXIBLE,
            sql="querytext",
            files="file-path",
            default=_REMOTE,
            dialect=MYSQL,
        ),
    ),
    "aws": (
        _AWS.but(path="rds-data execute-statement|batch-execute-statement|execute-sql"),
        _AWS.but(path="redshift-data execute-statement|batch-execute-statement"),
        _AWS.but(path="athena start-query-execution"),
        _AWS.but(path="dynamodb execute-statement"),
    ),
}
