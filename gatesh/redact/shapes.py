"""Shapes that only tokens have: prefixes their issuers chose so that they can be found."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

# (what must be in the text, in its own case; the shape). A shape is compiled when its prefix is first seen.
_SHAPES: tuple[tuple[str, str], ...] = (
    ("PRIVATE KEY", r"""(?x) -----BEGIN[ ][A-Z0-9 ]{0,40}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----
        (?P<v> (?: \s | \\n | \\r | [A-Za-z0-9+/=]{16,} | [A-Za-z0-9+/=]+(?=(?:\s|\\n)?-----END) )+ )"""),
    ("eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]+){0,3}"),
    ("gh", r"\bgh[pousr]_[A-Za-z0-9]{30,255}\b"),
    ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{22,255}"),
    ("gl", r"\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_=.-]{18,300}"),
    ("sk-", r"\bsk-(?:[A-Za-z]{2,10}[A-Za-z0-9]*-){0,3}[A-Za-z0-9_-]{20,300}"),
    ("_live_", r"\b(?:sk|rk|pk)_live_[A-Za-z0-9]{10,255}"),
    ("_test_", r"\b(?:sk|rk)_test_[A-Za-z0-9]{10,255}"),
    ("whsec_", r"\bwhsec_[A-Za-z0-9+/=]{20,}"),
    ("xox", r"\bxox[abceoprs]-[A-Za-z0-9-]{10,300}"),
    ("xapp-", r"\bxapp-[0-9]-[A-Za-z0-9-]{10,300}"),
    ("hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[A-Za-z0-9_/-]{20,})"),
    ("/api/webhooks/", r"/api/webhooks/\d{15,}/(?P<v>[A-Za-z0-9_-]{30,})"),
    ("AKIA", r"\bAKIA[A-Z2-7]{16}\b"),
    ("ASIA", r"\bASIA[A-Z2-7]{16}\b"),
    ("AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("ya29.", r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("GOCSPX-", r"\bGOCSPX-[A-Za-z0-9_-]{20,}"),
    ("npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi-", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("rubygems_", r"\brubygems_[0-9a-f]{48}"),
    ("_v1_", r"\bdo[opr]_v1_[0-9a-f]{60,}"),
    ("SG.", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("hf_", r"\bhf_[A-Za-z0-9]{30,}"),
    ("hv", r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"),
    ("dckr_", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("shp", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    ("key-", r"\bkey-[0-9a-f]{32}\b"),
    ("FlyV1", r"\bFlyV1 (?P<v>fm\d[A-Za-z0-9_+/=,-]{20,})"),
    ("fo1_", r"\bfo1_[A-Za-z0-9_-]{30,}"),
    ("lin_api_", r"\blin_api_[A-Za-z0-9]{30,}"),
    ("nfp_", r"\bnfp_[A-Za-z0-9]{30,}"),
    ("sbp_", r"\bsbp_[0-9a-f]{40}"),
    ("sb_secret_", r"\bsb_secret_[A-Za-z0-9_-]{20,}"),
    ("pscale_", r"\bpscale_(?:pw|tkn|oauth)_[A-Za-z0-9_.=-]{30,}"),
    ("dapi", r"\bdapi[0-9a-f]{32}\b"),
    ("dp.", r"\bdp\.(?:pt|st|sa|ct|scim|audit)\.[A-Za-z0-9_.-]{30,}"),
    ("ATATT3", r"\bATATT3[A-Za-z0-9_=-]{50,}"),
    ("atlasv1", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{50,}"),
    ("glc_", r"\bglc_[A-Za-z0-9+/=]{30,}"),
    ("glsa_", r"\bglsa_[A-Za-z0-9_]{30,}"),
    ("sntry", r"\bsntry[su]_[A-Za-z0-9+/=_]{40,}"),
    ("NRAK-", r"\bNRAK-[A-Z0-9]{27}"),
    ("PMAK-", r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    ("figd_", r"\bfigd_[A-Za-z0-9_-]{30,}"),
    ("tskey-", r"\btskey-[a-z]+-[A-Za-z0-9_-]{15,}"),
    ("xkeysib-", r"\bxkeysib-[0-9a-f]{60,}-[A-Za-z0-9]+"),
    ("secret_", r"\bsecret_[A-Za-z0-9]{43}\b"),
    ("ntn_", r"\bntn_[A-Za-z0-9]{40,}"),
    ("r8_", r"\br8_[A-Za-z0-9]{37}\b"),
    ("AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    ("pul-", r"\bpul-[0-9a-f]{40}\b"),
    ("HRKU-", r"\bHRKU-[A-Za-z0-9_-]{36,}"),
    ("sq0", r"\bsq0(?:atp|csp)-[A-Za-z0-9_-]{22,}"),
    ("napi_", r"\bnapi_[a-z0-9]{50,}"),
    ("ATBB", r"\bATBB[A-Za-z0-9]{32}\b"),
    ("CCIPAT_", r"\bCCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}"),
    ("bkua_", r"\bbkua_[0-9a-f]{40}"),
    ("rnd_", r"\brnd_[A-Za-z0-9]{28,}\b"),
    ("gsk_", r"\bgsk_[A-Za-z0-9]{48,}"),
    ("xai-", r"\bxai-[A-Za-z0-9]{70,}"),
    ("pplx-", r"\bpplx-[A-Za-z0-9]{40,}"),
    ("pat-", r"\bpat-[a-z]{2}\d-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    ("access-", r"\baccess-(?:production|development|sandbox)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    ("8Q~", r"(?<![\w.~-])[\w.~-]{3}8Q~[\w.~-]{31,34}(?![\w.~-])"),
    ("ops_eyJ", r"\bops_eyJ[A-Za-z0-9_=-]{100,}"),
    ("CFPAT-", r"\bCFPAT-[A-Za-z0-9_-]{43}"),
    ("LTAI", r"\bLTAI[A-Za-z0-9]{12,20}\b"),
    ("AKCp", r"\bAKCp[A-Za-z0-9]{60,}"),
    ("1//0", r"(?<![\w/])1//0[A-Za-z0-9_-]{40,}"),
    ("pnu_", r"\bpnu_[A-Za-z0-9]{36}\b"),
    (":AA", r"\b\d{8,10}:AA[A-Za-z0-9_-]{32,34}\b"),
    ("Signature=", r"\bSignature=(?P<v>[A-Za-z0-9%+/=]{20,})"),
    ("sig=", r"[?&]sig=(?P<v>[A-Za-z0-9%+/=_-]{20,})"),
)  # fmt: skip

_CALLS = "calls at the account's expense"
_USER = "all that its user may do"
_SCOPES = "its scopes"
_APP = "the scopes an app was given"
_MAIL = "mail in the account's name"
# (what must be in the text; the shape; issuer and kind; what it could do). Looked for only where a text has a
# run of word characters with a digit in it, as each of these has: so a short `re_` makes no other text slow.
ISSUED: tuple[tuple[str, str, str, str], ...] = (
    # clouds and clusters
    ("ABSK", r"\bABSK[A-Za-z0-9+/]{109,269}={0,2}", "Amazon Bedrock key", _CALLS),
    ("bedrock-api-key-", r"\bbedrock-api-key-[A-Za-z0-9+/]{40,}={0,2}",
     "Amazon Bedrock key (short-term)", _CALLS + ", for some hours"),
    ("JQQJ9", r"\b[A-Za-z0-9]{52}JQQJ9[9D][A-Za-z0-9]{20,34}(?:==)?",
     "Azure key", "the resource or DevOps organisation that issued it"),
    ("+ASt", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{76}\+ASt[A-Za-z0-9+/]{5}[AQgw]==",
     "Azure storage key", "everything in the storage account"),
    ("ACDb", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{76}ACDb[A-Za-z0-9+/]{5}[AQgw]==",
     "Azure Cosmos DB key", "every database of the account"),
    ("AzFu", r"(?<![\w-])[\w-]{44}AzFu[\w-]{5}[AQgw]==",
     "Azure Functions key", "starts the functions of an app"),
    ("AzSe", r"\b[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}\b", "Azure Search key", "the indexes of one service"),
    ("+ACR", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{42}\+ACR[A-D][A-Za-z0-9+/]{5}(?![A-Za-z0-9+/])",
     "Azure registry key", "pushes and deletes images"),
    ("AzCa", r"\b[A-Za-z0-9]{33}AzCa[A-P][A-Za-z0-9]{5}=", "Azure Redis key", "every key of one cache"),
    ("AKID", r"\bAKID[A-Za-z0-9]{32}\b", "Tencent Cloud secret id", "with its key: what its policies allow"),
    ("AKLT", r"\bAKLT[A-Za-z0-9+/_-]{40,60}={0,2}(?![\w+/-])",
     "Volcengine access key id", "with its secret: what its policies allow"),
    ("STS.", r"\bSTS\.[A-Za-z0-9]{20,40}\b", "Alibaba Cloud session key id", "with its secret, for some hours"),
    ("AQVN", r"\bAQVN[A-Za-z0-9_-]{35,38}(?![\w-])", "Yandex Cloud key", "what its service account may do"),
    ("t1.", r"\bt1\.[A-Za-z0-9_-]{20,300}={0,2}\.[A-Za-z0-9_-]{86}={0,2}",
     "Yandex Cloud token", "what its account may do, for some hours"),
    ("SCW", r"\bSCW[A-Z0-9]{17}\b", "Scaleway access key id", "with its secret: what its policies allow"),
    ("EXO", r"\bEXO[0-9a-f]{24}\b", "Exoscale key id", "with its secret: what its role allows"),
    ("K00", r"\bK00\d[A-Za-z0-9+/]{27}(?![A-Za-z0-9+/])", "Backblaze key", "the buckets that it was given"),
    ("v1.0-", r"\bv1\.0-[0-9a-f]{24}-[0-9a-f]{146}\b",
     "Cloudflare origin CA key", "issues certificates of the account's zones"),
    ("tk-us-", r"\btk-us-[A-Za-z0-9_-]{48}(?![\w-])", "Scalingo token", _USER),
    ("SWMTKN-1-", r"\bSWMTKN-1-[a-z0-9]{50}-[a-z0-9]{25}\b",
     "Docker swarm join token", "joins the swarm as a worker, or as a manager who rules it"),
    ("SWMKEY-1-", r"\bSWMKEY-1-[A-Za-z0-9+/]{43}",
     "Docker swarm unlock key", "reads what the swarm's managers keep"),
    ("token-", r"\btoken-[a-z0-9]{5}:[a-z0-9]{54}\b", "Rancher token", _USER),
    ("sha256~", r"\bsha256~[A-Za-z0-9_-]{43}(?![\w-])", "OpenShift token", _USER + " in the cluster"),
    ("ptr_", r"\bptr_[A-Za-z0-9+/_-]{43}=", "Portainer token", _USER),
    ("nbp_", r"\bnbp_[A-Za-z0-9]{36}\b", "NetBird token", "changes machines and rules of the network"),
    ("dnkey-", r"\bdnkey-[a-zA-Z0-9_=-]{26}-[a-zA-Z0-9_=-]{52}",
     "Defined Networking key", "changes machines and rules of the network"),
    ("vercel_blob_rw_", r"\bvercel_blob_rw_[A-Za-z0-9]{16}_[A-Za-z0-9]{30,}",
     "Vercel Blob token", "reads, writes and deletes one store"),
    ("ddp_", r"\bddp_[A-Za-z0-9]{36}\b", "Deno Deploy token", _USER),
    ("ddw_", r"\bddw_[A-Za-z0-9]{36}\b", "Deno Deploy organisation token", "the organisation's projects"),
    ("tr_", r"\btr_(?:dev|stg|prod|pat)_[A-Za-z0-9]{16,44}\b",
     "Trigger.dev key", "starts tasks of one environment"),
    ("salad_cloud_", r"\bsalad_cloud_[A-Za-z0-9]{1,16}_[A-Za-z0-9]{35,}", "SaladCloud key", _CALLS),
    # databases
    ("CCDB1_", r"\bCCDB1_[A-Za-z0-9]{22}_[A-Za-z0-9]{40}\b",
     "CockroachDB Cloud key", "what its service account may do"),
    ("4b1d", r"\b4b1d[A-Za-z0-9]{38}\b",
     "ClickHouse Cloud secret", "with its key id: its role in the organisation"),
    ("xau_", r"\bxau_[A-Za-z0-9]{43}\b", "Xata key", _USER),
    ("mdb_sa_sk_", r"\bmdb_sa_sk_[A-Za-z0-9_-]{40}",
     "MongoDB Atlas service account secret", "the roles of its account"),
    ("dose", r"\bdose[0-9a-f]{32}\b", "Databricks OAuth secret", "what its service principal may do"),
    ("pcsk_", r"\bpcsk_[A-Za-z0-9]{4,8}_[A-Za-z0-9]{63}\b", "Pinecone key", "every index of one project"),
    # code, packages, pipelines
    ("ATCTT3", r"\bATCTT3[A-Za-z0-9_=-]{50,}",
     "Atlassian access token", "one repository, project or workspace"),
    ("ATTA", r"\bATTA[0-9a-fA-F]{64,80}\b", "Trello token", _USER),
    ("GR1348941", r"\bGR1348941[A-Za-z0-9_-]{20,}",
     "GitLab runner registration token", "adds runners, which get jobs with their secrets"),
    ("gitpod_pat_", r"\bgitpod_pat_[A-Za-z0-9._-]{30,}", "Gitpod token", _USER),
    ("sgp_", r"\bsgp_(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}\b", "Sourcegraph token", _USER),
    ("slk_", r"\bslk_[0-9a-f]{64}\b", "Sourcegraph licence key", "what the licence allows"),
    ("squ_", r"\bsqu_[0-9a-f]{40}\b", "SonarQube token of a user", _USER),
    ("sqp_", r"\bsqp_[0-9a-f]{40}\b", "SonarQube token of a project", "analyses of one project"),
    ("sqa_", r"\bsqa_[0-9a-f]{40}\b", "SonarQube analysis token", "analyses of every project"),
    ("CLOJARS_", r"\bCLOJARS_[0-9a-z]{60}\b", "Clojars token", "uploads releases"),
    ("oy2", r"\boy2[a-z0-9]{43}\b", "NuGet key", _SCOPES + ", which may be to push and to unlist packages"),
    ("cio", r"\bcio[A-Za-z0-9]{32}\b", "crates.io token", "publishes and yanks what it was given"),
    ("packagist_", r"\bpackagist_[a-z]{2,4}_[0-9a-f]{60,}", "Packagist token", "the organisation's packages"),
    ("cmVmdGtu", r"\bcmVmdGtu[A-Za-z0-9]{56}\b", "JFrog reference token", _USER),
    ("API-", r"\bAPI-[A-Z0-9]{26,32}\b", "Octopus Deploy key", _USER + ": deployments"),
    ("pat.", r"\bpat\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}\b",
     "Harness token of a person", _USER + ": pipelines, with their secrets"),
    ("sat.", r"\bsat\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}\b",
     "Harness service account token", "what its roles allow: pipelines, with their secrets"),
    ("ico-", r"\bico-[A-Za-z0-9]{32}\b", "Infracost key", _CALLS),
    ("sktsec_", r"\bsktsec_[A-Za-z0-9_-]{30,}_api\b", "Socket key", _SCOPES),
    ("pnb_", r"\bpnb_[A-Za-z0-9]{36}\b", "Prefect key of a service account", "what its role allows"),
    ("e2b_", r"\be2b_[0-9a-f]{40}\b", "E2B key", _CALLS),
    ("dtn_", r"\bdtn_[0-9a-f]{64}\b", "Daytona key", _SCOPES),
    ("crsr_", r"\bcrsr_[0-9a-f]{64}\b", "Cursor key", "agents in the repositories of its user"),
    # secrets and identities
    ("A3-", r"\bA3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}\b",
     "1Password secret key", "with the account's password: every vault"),
    ("0.", r"(?<![\w.])0\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[A-Za-z0-9]{30}:[A-Za-z0-9+/]{22}==",
     "Bitwarden access token", "the projects and secrets of a machine account"),
    ("st.", r"\bst\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32}\b",
     "Infisical service token", "the secrets of one environment"),
    ("s.", r"(?<![\w.$-])s\.(?=[A-Z]*[a-z])(?=[a-z]*[A-Z])(?=[A-Za-z]*\d)[A-Za-z0-9]{24}\b(?!\()",
     "Vault token", "its policies, until it ends"),
    ("b.AAAAAQ", r"\bb\.AAAAAQ[A-Za-z0-9_-]{100,}", "Vault batch token", "its policies, until it ends"),
    ("secret-", r"\bsecret-(?:live|test)-[A-Za-z0-9_=-]{36}",
     "Stytch secret", "users and sessions of one project"),
    (".acc", r"""(?x)\b(?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][a-z0-9-]{10,32}
        \.[A-Za-z0-9+/_=-]{30,120}""",
     "Authress key", "who may do what in the account"),
    ("sm_", r"\bsm_(?:aat|pat|sat)_[A-Za-z0-9]{16}\b", "SettleMint token", _SCOPES),
    ("zpka_", r"\bzpka_[A-Za-z0-9]{32}_[A-Za-z0-9]{8}\b", "Zuplo key", "the API that it was made for"),
    # people and their work
    ("xoxd-", r"\bxoxd-[A-Za-z0-9%+/=_-]{20,}", "Slack browser cookie", _USER),
    ("lin_oauth_", r"\blin_oauth_[0-9a-f]{64}", "Linear OAuth token", _APP),
    ("pat", r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b", "Airtable token", "the bases it was given"),
    ("pk_", r"\bpk_\d{5,12}_[A-Z0-9]{32}\b", "ClickUp token", _USER),
    ("tfp_", r"\btfp_[A-Za-z0-9_.=-]{40,64}", "Typeform token", _SCOPES),
    ("fio-u-", r"\bfio-u-[A-Za-z0-9_=-]{64}", "Frame.io token", _SCOPES),
    ("cal_live_", r"\bcal_live_[0-9a-f]{32}\b", "Cal.com key", _USER),
    ("sl.", r"\bsl\.[A-Za-z0-9_-]{130,}", "Dropbox token", _SCOPES + ", for some hours"),
    ("rdme_", r"\brdme_[a-z0-9]{70}\b", "ReadMe key", "the documentation of one project"),
    ("p8e-", r"\bp8e-[A-Za-z0-9]{32}\b", "Adobe client secret", "stands for the application"),
    ("EAA", r"\bEAA[B-Z][A-Za-z0-9]{90,}\b", "Facebook token", _APP),
    ("EAAA", r"\bEAAA[A-Za-z0-9_-]{56,64}(?![\w-])", "Square access token", _APP),
    ("IGQ", r"\bIGQ[A-Za-z0-9_-]{100,}", "Instagram token", _APP),
    ("AAAAAAAAAAAAAAAAAAAA", r"\bA{20,}[A-Za-z0-9%]{4,80}%3D[A-Za-z0-9]{40,60}\b",
     "X (Twitter) app token", "reads as the application"),
    ("oauth:", r"\boauth:[a-z0-9]{30}\b", "Twitch chat token", "reads and writes chat as its user"),
    (".", r"""(?x)(?<![\w.-])[MNO](?=[a-zA-Z]*\d)[A-Za-z0-9_-]{23,25}\.[\w-]{6}
        \.(?=[a-zA-Z]*\d)[\w-]{27,38}(?![\w.(-])""",
     "Discord bot token", "reads and writes as the bot"),
    ("webhook.office.com", r"""(?x)webhook\.office\.com/webhookb2/
        (?P<v>[0-9a-f@-]{70,80}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36})""",
     "Teams webhook", "posts into one channel"),
    ("s-s4t2", r"\bs-s4t2(?:ud|af)-[0-9a-f]{64}\b", "42 intra secret", "stands for the application"),
    # mail, money, parcels
    ("re_", r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,24}\b", "Resend key", _MAIL),
    ("mlsn.", r"\bmlsn\.[0-9a-f]{64}\b", "MailerSend key", _MAIL),
    ("xsmtpsib-", r"\bxsmtpsib-[0-9a-f]{60,}-[A-Za-z0-9]+", "Brevo SMTP key", _MAIL),
    ("pk_", r"\bpk_[0-9a-f]{34}\b", "Klaviyo key", "profiles and campaigns of the account"),
    ("-us", r"\b[0-9a-f]{32}-us\d{1,2}\b", "Mailchimp key", "audiences and campaigns of the account"),
    ("SK", r"\bSK[0-9a-f]{32}\b", "Twilio key", "with its secret: calls and messages at the account's expense"),
    ("live_", r"\blive_(?:[0-9a-f]{35}|[A-Za-z0-9]{30})\b",
     "payment or parcel key (live)", "every call of the account"),
    ("xnd_", r"\bxnd_(?:production|development)_[A-Za-z0-9]{40,}",
     "Xendit key", "its permissions, which may be to pay out"),
    ("Mid-server-", r"\bMid-server-[A-Za-z0-9_-]{20,}", "Midtrans server key", "charges and refunds"),
    ("APP_USR-", r"\bAPP_USR-\d{12,16}-\d{6}-[0-9a-f]{32}-\d{6,}",
     "Mercado Pago token", "every call of the account"),
    ("FLWSECK", r"\bFLWSECK(?:_TEST)?-[0-9A-Za-z]{12,36}(?:-X)?\b",
     "Flutterwave secret key", "charges, refunds, pay-outs"),
    ("duffel_", r"\bduffel_(?:live|test)_[A-Za-z0-9_=-]{43}", "Duffel token", "books flights"),
    ("EZAK", r"\bEZAK[A-Za-z0-9]{54}\b", "EasyPost key", "buys postage"),
    ("EZTK", r"\bEZTK[A-Za-z0-9]{54}\b", "EasyPost test key", "every call, with test data only"),
    ("shippo_", r"\bshippo_(?:live|test)_[0-9a-f]{40}\b", "Shippo token", "buys postage"),
    # what watches
    ("dt0", r"\bdt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}\b", "Dynatrace token", _SCOPES),
    ("NRII-", r"\bNRII-[A-Za-z0-9_-]{32}(?![\w-])", "New Relic insert key", "writes events"),
    ("NRIQ-", r"\bNRIQ-[A-Za-z0-9_-]{32}(?![\w-])", "New Relic query key", "reads events"),
    ("eyJrIjoi", r"\beyJrIjoi[A-Za-z0-9+/]{60,400}={0,2}",
     "Grafana API key", "what its role allows in one Grafana"),
    ("ik_", r"\bhc[abcx]ik_[0-9a-z]{58}\b", "Honeycomb ingest key", "writes events"),
    ("hcamk_", r"\bhcamk_[0-9a-z]{58}\b", "Honeycomb management key", _SCOPES + " in the team"),
    ("xaat-", r"\bxaat-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "Axiom token", _SCOPES),
    ("xapt-", r"\bxapt-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "Axiom token of a person", _USER),
    ("phx_", r"\bphx_[A-Za-z0-9]{40,}\b", "PostHog key of a person", _SCOPES),
    ("sdk-", r"\bsdk-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
     "LaunchDarkly SDK key", "reads every flag of one environment"),
    ("rootly_", r"\brootly_[0-9a-f]{64}\b", "Rootly key", "incidents of the organisation"),
    ("pdus+", r"\bpdus\+\w[\w-]{30,}", "PagerDuty token", _APP),
    ("_mmk", r"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk\b", "MaxMind licence key", _CALLS),
    ("apify_api_", r"\bapify_api_[A-Za-z0-9]{36}\b", "Apify token", _USER),
    # models
    ("nvapi-", r"\bnvapi-[A-Za-z0-9_-]{60,}", "NVIDIA key", _CALLS),
    ("jina_", r"\bjina_[0-9a-f]{32}[A-Za-z0-9_-]{28}(?![\w-])", "Jina key", _CALLS),
    ("lsv2_", r"\blsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}\b",
     "LangSmith key", "traces and prompts of a workspace"),
    ("tvly-", r"\btvly-(?:dev-|prod-)?[A-Za-z0-9]{32}\b", "Tavily key", _CALLS),
    ("fc-", r"\bfc-[0-9a-f]{32}\b", "Firecrawl key", _CALLS),
    ("tgp_v1_", r"\btgp_v1_[A-Za-z0-9_-]{43}(?![\w-])", "Together key", _CALLS),
    ("csk-", r"\bcsk-[a-z0-9]{48}\b", "Cerebras key", _CALLS),
    ("fw_", r"\bfw_(?=[A-Za-z]*\d)[A-Za-z0-9]{22,24}\b", "Fireworks key", _CALLS),
    ("sk_", r"\bsk_[0-9a-f]{48}\b", "ElevenLabs key", _CALLS),
    ("rpa_", r"\brpa_[A-Za-z0-9]{40,50}\b", "RunPod key", _CALLS),
    ("wandb_v1_", r"\bwandb_v1_[A-Za-z0-9_-]{40,}", "Weights & Biases key", _USER),
    ("api_org_", r"\bapi_org_[A-Za-z0-9]{34}\b",
     "Hugging Face organisation token", "reads, or writes and deletes, its repositories"),
)  # fmt: skip
_DRAWN = r"(?<![\w+-])(?=[\w+-]*\d)[\w+-]{20}|(?<![A-Za-z0-9+/])(?=[A-Za-z+/]*\d)[A-Za-z0-9+/]{40}"
_run: list[re.Pattern[str]] = []


def _may_be_issued(text: str) -> bool:
    """Claim that a text has a run of characters that a token of ISSUED has."""
    if not _run:
        import re

        _run.append(re.compile(_DRAWN))
    return _run[0].search(text) is not None


def may_have_shape(text: str) -> bool:
    """Claim that some shape's prefix is in the text; where it is in none, no part of the text has one."""
    if any(prefix in text for prefix, _ in _SHAPES):
        return True
    return _may_be_issued(text) and any(prefix in text for prefix, *_ in ISSUED)


def find_shapes(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a token of a known shape stands."""
    issued = ((prefix, shape) for prefix, shape, *_ in ISSUED) if _may_be_issued(text) else ()
    for prefix, shape in (*_SHAPES, *issued):
        if prefix in text:
            import re

            for found in re.finditer(shape, text):
                yield found.span("v") if "v" in found.re.groupindex else found.span()
