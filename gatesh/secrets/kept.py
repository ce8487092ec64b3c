"""Where tools keep secrets: files in a home or a project, and the variables that programs take them from."""

from __future__ import annotations

# Below the home: the file, and the programs that read it unasked.
_AT_HOME: tuple[tuple[str, str], ...] = (
    (".railway/config.json", "railway"),
    (".aws/credentials", "aws terraform tofu terragrunt pulumi sam cdk eksctl copilot"),
    (".aws/config", "aws"),
    (".config/gh/hosts.yml", "gh"),
    (".config/glab-cli/config.yml", "glab"),
    (".kube/config", "kubectl k oc helm helmfile k9s flux kustomize argocd velero"),
    (".netrc", "curl wget git heroku ftp http https"),
    (".curlrc", "curl"),
    (".wgetrc", "wget"),
    (".git-credentials", "git"),
    (".config/git/credentials", "git"),
    (".gitconfig", "git"),
    (".npmrc", "npm npx yarn pnpm"),
    (".yarnrc.yml", "yarn"),
    (".pypirc", "twine flit hatch python python3"),
    (".config/pypoetry/auth.toml", "poetry"),
    (".cargo/credentials.toml", "cargo"),
    (".cargo/credentials", "cargo"),
    (".gem/credentials", "gem bundle"),
    (".docker/config.json", "docker podman nerdctl buildah skopeo"),
    (".config/containers/auth.json", "podman buildah skopeo"),
    (".pgpass", "psql pg_dump pg_restore pg_dumpall createdb dropdb createuser dropuser vacuumdb pgbench"),
    (".pg_service.conf", "psql pg_dump pg_restore"),
    (".my.cnf", "mysql mariadb mysqldump mysqladmin mariadb-dump mariadb-admin mycli"),
    (".snowsql/config", "snowsql"),
    (".databrickscfg", "databricks"),
    (".terraform.d/credentials.tfrc.json", "terraform tofu"),
    (".terraformrc", "terraform tofu"),
    (".pulumi/credentials.json", "pulumi"),
    (".vault-token", "vault"),
    (".config/gcloud/application_default_credentials.json", "gcloud gsutil bq terraform tofu pulumi"),
    (".config/gcloud/credentials.db", "gcloud gsutil bq"),
    (".azure/msal_token_cache.json", "az"),
    (".azure/accessTokens.json", "az"),
    (".config/doctl/config.yaml", "doctl"),
    (".config/hcloud/cli.toml", "hcloud"),
    (".config/linode-cli", "linode-cli"),
    (".config/scw/config.yaml", "scw"),
    (".fly/config.yml", "fly flyctl"),
    (".local/share/com.vercel.cli/auth.json", "vercel vc now"),
    (".config/com.vercel.cli/auth.json", "vercel vc now"),
    (".config/netlify/config.json", "netlify ntl"),
    (".netlify/config.json", "netlify ntl"),
    (".config/configstore/firebase-tools.json", "firebase"),
    (".supabase/access-token", "supabase"),
    (".config/.wrangler/config/default.toml", "wrangler"),
    (".wrangler/config/default.toml", "wrangler"),
    (".config/stripe/config.toml", "stripe"),
    (".config/planetscale/access-token", "pscale"),
    (".planetscale/config.json", "pscale"),
    (".sentryclirc", "sentry-cli"),
    (".cache/huggingface/token", "huggingface-cli hf"),
    (".huggingface/token", "huggingface-cli hf"),
    (".config/op/config", "op"),
    (".circleci/cli.yml", "circleci"),
    (".config/heroku/config.json", "heroku"),
    (".doppler/.doppler.yaml", "doppler"),
    (".s3cfg", "s3cmd"),
    (".mc/config.json", "mc"),
    (".boto", "gsutil"),
    (".config/rclone/rclone.conf", "rclone"),
    (".mongodb/atlascli.toml", "atlas"),
    (".config/atlascli/config.toml", "atlas"),
    (".ngrok2/ngrok.yml", "ngrok"),
    (".config/ngrok/ngrok.yml", "ngrok"),
    (".slack/credentials.json", "slack"),
    (".ssh/id_rsa", "ssh scp sftp rsync"),
    (".ssh/id_ed25519", "ssh scp sftp rsync"),
    (".ssh/id_ecdsa", "ssh scp sftp rsync"),
    (".config/anthropic/config.json", ""),
    (".claude/.credentials.json", ""),
    (".codex/auth.json", ""),
    (".env", ""),
    (".bashrc", ""),
    (".bash_profile", ""),
    (".profile", ""),
    (".zshrc", ""),
    (".zshenv", ""),
    (".bash_history", ""),
    (".zsh_history", ""),
    (".psql_history", ""),
    (".config/fish/config.fish", ""),
    (".envrc", ""),
)  # fmt: skip
HOME_FILES = tuple(name for name, _ in _AT_HOME)
FILES_OF: dict[str, tuple[str, ...]] = {}
for _name, _programs in _AT_HOME:
    for _program in _programs.split():
        FILES_OF[_program] = (*FILES_OF.get(_program, ()), _name)

# In the folder of a project or above it.
BESIDE = {
    **dict.fromkeys(("npm", "npx", "yarn", "pnpm"), (".npmrc", ".yarnrc.yml")),
    **dict.fromkeys(("terraform", "tofu", "terragrunt"), ("terraform.tfvars", ".terraform/terraform.tfstate")),
    **dict.fromkeys(("docker", "docker-compose", "podman", "podman-compose"), (".env",)),
    "stripe": (".env",), "wrangler": (".dev.vars",), "sentry-cli": (".sentryclirc",),
    "supabase": ("supabase/.env",), "prisma": (".env", "prisma/.env"), "vercel": (".env.local",),
}  # fmt: skip

# A variable that names the file instead.
NAMED_BY = {
    ".aws/credentials": "AWS_SHARED_CREDENTIALS_FILE", ".aws/config": "AWS_CONFIG_FILE",
    ".kube/config": "KUBECONFIG", ".pgpass": "PGPASSFILE", ".npmrc": "NPM_CONFIG_USERCONFIG",
    ".netrc": "NETRC", ".pypirc": "TWINE_CONFIG_FILE",
    ".config/gcloud/application_default_credentials.json": "GOOGLE_APPLICATION_CREDENTIALS",
}  # fmt: skip

# What a program takes from its environment, by how the names begin; its own name needs no row.
_PREFIXES = {
    "AWS_": "aws terraform tofu terragrunt pulumi sam cdk eksctl s3cmd",
    "GH_ GITHUB_": "gh hub act",
    "GITLAB_ GLAB_ CI_JOB_": "glab",
    "PG": "psql pg_dump pg_restore pg_dumpall createdb dropdb createuser dropuser vacuumdb pgbench",
    "MYSQL_": "mysql mariadb mysqldump mysqladmin mariadb-dump mariadb-admin mycli",
    "REDISCLI_": "redis-cli valkey-cli",
    "FLY_": "fly flyctl",
    "NETLIFY_": "ntl",
    "VERCEL_": "vc now",
    "CLOUDFLARE_ CF_": "wrangler flarectl cloudflared terraform tofu",
    "AZURE_ ARM_": "az terraform tofu",
    "CLOUDSDK_ GOOGLE_": "gcloud gsutil bq terraform tofu",
    "DIGITALOCEAN_": "doctl terraform tofu",
    "NPM_ NODE_AUTH_": "npx yarn pnpm",
    "HF_ HUGGING_FACE_": "huggingface-cli hf",
    "SENTRY_": "sentry-cli",
    "TF_": "terraform tofu terragrunt",
    "PLANETSCALE_": "pscale",
    "DATABASE_URL DIRECT_URL": "prisma alembic knex sequelize dbmate",
}
VARIABLES_OF: dict[str, tuple[str, ...]] = {}
for _starts, _programs in _PREFIXES.items():
    for _program in _programs.split():
        VARIABLES_OF[_program] = (*VARIABLES_OF.get(_program, ()), *_starts.split())


def variables_of(program: str) -> tuple[str, ...]:
    """Return how the variables begin that a program may take a secret from."""
    own = program.upper().replace("-", "_").replace(".", "_") + "_"
    return (*VARIABLES_OF.get(program, ()), own)
