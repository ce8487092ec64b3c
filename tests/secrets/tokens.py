"""Made-up tokens in their issuers' formats, built when a test runs: nothing in this tree looks like one."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid

_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + "234567"
# What a token consists of: a letter with a number draws so many characters, the rest stands as it is.
_DRAWN = {
    "L": _LETTERS,
    "l": string.ascii_lowercase + string.digits,
    "U": _UPPER,
    "D": string.digits,
}
_SPELLED = {
    "Amazon Bedrock key": "AB|SK|L120",
    "Azure key": "L52|JQQJ|99|L24",
    "Azure storage key": "L76|+A|St|L5|Q==",
    "Azure Cosmos DB key": "L76|AC|Db|L5|Q==",
    "Azure Functions key": "L44|Az|Fu|L5|Q==",
    "Azure Search key": "L42|Az|SeA|L5",
    "Azure registry key": "L42|+A|CRA|L5",
    "Azure Redis key": "L33|Az|CaB|L5|=",
    "Tencent Cloud secret id": "AK|ID|L32",
    "Volcengine access key id": "AK|LT|L43",
    "Alibaba Cloud session key id": "ST|S.|L26",
    "Yandex Cloud key": "AQ|VN|L36",
    "Yandex Cloud token": "t1|.|L60|.|L86",
    "Scaleway access key id": "SC|W|U17",
    "Exoscale key id": "EX|O|H24",
    "Backblaze key": "K0|04|L27",
    "Cloudflare origin CA key": "v1|.0-|H24|-|H146",
    "Scalingo token": "tk|-us-|L48",
    "Docker swarm join token": "SWM|TKN-1-|l50|-|l25",
    "Docker swarm unlock key": "SWM|KEY-1-|L43",
    "Rancher token": "tok|en-|l5|:|l54",
    "OpenShift token": "sha|256~|L43",
    "Portainer token": "pt|r_|L43|=",
    "NetBird token": "nb|p_|L36",
    "Defined Networking key": "dn|key-|L26|-|L52",
    "Vercel Blob token": "vercel|_blob_rw_|L16|_|L32",
    "Deno Deploy token": "dd|p_|L36",
    "Deno Deploy organisation token": "dd|w_|L36",
    "Trigger.dev key": "tr|_prod_|L24",
    "SaladCloud key": "salad|_cloud_|L6|_|L40",
    "CockroachDB Cloud key": "CC|DB1_|L22|_|L40",
    "ClickHouse Cloud secret": "4b|1d|L38",
    "Xata key": "xa|u_|L43",
    "MongoDB Atlas service account secret": "mdb|_sa_sk_|L40",
    "Databricks OAuth secret": "do|se|H32",
    "Pinecone key": "pc|sk_|L6|_|L63",
    "Atlassian access token": "ATC|TT3|L100",
    "Trello token": "AT|TA|H72",
    "GitLab runner registration token": "GR13|48941|L20",
    "GitLab agent token": "gl|agent-|L50",
    "Gitpod token": "gitpod|_pat_|L40",
    "Sourcegraph token": "sg|p_|H16|_|H40",
    "Sourcegraph licence key": "sl|k_|H64",
    "SonarQube token of a user": "sq|u_|H40",
    "SonarQube token of a project": "sq|p_|H40",
    "SonarQube analysis token": "sq|a_|H40",
    "Clojars token": "CLO|JARS_|l60",
    "NuGet key": "oy|2|l43",
    "crates.io token": "ci|o|L32",
    "Packagist token": "pack|agist_ack_|H64",
    "JFrog reference token": "cmVm|dGtu|L56",
    "Octopus Deploy key": "AP|I-|U30",
    "Harness token of a person": "pa|t.|L22|.|H24|.|L20",
    "Harness service account token": "sa|t.|L22|.|H24|.|L20",
    "Infracost key": "ic|o-|L32",
    "Socket key": "skt|sec_|L40|_api",
    "Prefect key of a service account": "pn|b_|L36",
    "E2B key": "e2|b_|H40",
    "Daytona key": "dt|n_|H64",
    "Cursor key": "cr|sr_|H64",
    "1Password secret key": "A|3-|U6|-|U6|-|U5|-|U5|-|U5|-|U5",
    "Bitwarden access token": "0|.|G|.|L30|:|L22|==",
    "Infisical service token": "st|.|H24|.|H32|.|H32",
    "Vault batch token": "b|.AAAAAQ|L110",
    "Stytch secret": "secret|-live-|L36",
    "Authress key": "sc|_|l8|.|l5|.acc-|l12|.|L40",
    "SettleMint token": "sm|_aat_|L16",
    "Zuplo key": "zp|ka_|L32|_|L8",
    "Slack browser cookie": "xo|xd-|L60",
    "Linear OAuth token": "lin|_oauth_|H64",
    "Airtable token": "pa|t|L14|.|H64",
    "ClickUp token": "p|k_|D8|_|U32",
    "Typeform token": "tf|p_|L44",
    "Frame.io token": "fi|o-u-|L64",
    "Cal.com key": "cal|_live_|H32",
    "Dropbox token": "s|l.|L140",
    "ReadMe key": "rd|me_|l70",
    "Adobe client secret": "p8|e-|L32",
    "Facebook token": "EA|AC|L120",
    "Instagram token": "IG|Q|L120",
    "X (Twitter) app token": "AAAAAAAAAAAAAAAAAAAAA|L24|%3D|L48",
    "Twitch chat token": "oau|th:|l30",
    "42 intra secret": "s-s4|t2ud-|H64",
    "Resend key": "r|e_|L8|_|L24",
    "MailerSend key": "ml|sn.|H64",
    "Brevo SMTP key": "xsmtp|sib-|H64|-|L16",
    "Klaviyo key": "p|k_|H34",
    "Twilio key": "S|K|H32",
    "payment or parcel key (live)": "li|ve_|L30",
    "Xendit key": "xn|d_production_|L60",
    "Midtrans server key": "Mid|-server-|L24",
    "Mercado Pago token": "APP|_USR-|D16|-|D6|-|H32|-|D9",
    "Flutterwave secret key": "FLW|SECK-|H32|-X",
    "Duffel token": "duf|fel_live_|L43",
    "EasyPost key": "EZ|AK|L54",
    "EasyPost test key": "EZ|TK|L54",
    "Shippo token": "ship|po_live_|H40",
    "Dynatrace token": "dt|0c01.|U24|.|U64",
    "New Relic insert key": "NR|II-|L32",
    "New Relic query key": "NR|IQ-|L32",
    "Grafana API key": "ey|JrIjoi|L90",
    "Honeycomb ingest key": "hc|aik_|l58",
    "Honeycomb management key": "hc|amk_|l58",
    "Axiom token": "xa|at-|G",
    "Axiom token of a person": "xa|pt-|G",
    "PostHog key of a person": "ph|x_|L43",
    "LaunchDarkly SDK key": "sd|k-|G",
    "Rootly key": "root|ly_|H64",
    "PagerDuty token": "pd|us+|L6|_|G",
    "MaxMind licence key": "L6|_|L29|_m|mk",
    "Apify token": "api|fy_api_|L36",
    "NVIDIA key": "nv|api-|L64",
    "Jina key": "ji|na_|H32|L28",
    "LangSmith key": "ls|v2_pt_|H32|_|H10",
    "Tavily key": "tv|ly-|L32",
    "Firecrawl key": "f|c-|H32",
    "Together key": "tg|p_v1_|L43",
    "Cerebras key": "cs|k-|l48",
    "Fireworks key": "f|w_|L24",
    "ElevenLabs key": "s|k_|H48",
    "RunPod key": "rp|a_|L46",
    "Weights & Biases key": "wandb|_v1_|L60",
    "Hugging Face organisation token": "api|_org_|L34",
}


class Maker:
    """Draws tokens; the same seed draws the same."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)

    def drawn(self, alphabet: str, size: int) -> str:
        text = "".join(self._random.choice(alphabet) for _ in range(size - 2))
        return (
            text[: size // 2] + self._random.choice("234567") + text[size // 2 :] + "k"[: size > 1]
        )

    def hexed(self, size: int) -> str:
        return "".join(self._random.choice(_HEX) for _ in range(size - 1)) + "7"

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def upper(self, size: int) -> str:
        return "".join(self._random.choice(_UPPER) for _ in range(size))

    def jwt(self, **claims: object) -> str:
        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        head = part({"alg": "HS256", "typ": "JWT"})
        return f"{head}.{part(claims)}.{self.drawn(_LETTERS, 43)}"

    def pypi(self, caveat: str) -> str:
        raw = b"\x02\x01\x08pypi.org\x02\x24" + self.uuid().encode() + caveat.encode()
        raw += self.drawn(_LETTERS, 32).encode()
        return "pypi" + "-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def private_key(self) -> str:
        rows = "\n".join(self.drawn(_LETTERS + "+/", 64) for _ in range(6))
        return f"-----BEGIN {'PRIVATE'} KEY-----\n{rows}\n-----END {'PRIVATE'} KEY-----\n"

    def spelled(self, parts: str) -> str:
        """Return a token of these parts: `nv|api-|L64`."""
        return "".join(map(self._part, parts.split("|")))

    def _part(self, part: str) -> str:
        if part == "G":
            return self.uuid()
        if part[:1] not in {*_DRAWN, "H"} or not part[1:].isdecimal():
            return part
        size = int(part[1:])
        if part[0] in "LlH":
            return self.hexed(size) if part[0] == "H" else self.drawn(_DRAWN[part[0]], size)
        return "".join(self._random.choice(_DRAWN[part[0]]) for _ in range(size))

    def all(self) -> dict[str, str]:
        """Return a token of every format, by what it is called."""
        d, h, u = self.drawn, self.hexed, self.upper
        return {
            "GitHub token (classic)": "gh" + "p_" + d(_LETTERS, 36),
            "GitHub token (fine-grained)": "github" + "_pat_" + d(_LETTERS, 82),
            "GitHub OAuth token": "gh" + "o_" + d(_LETTERS, 36),
            "GitHub app token of a user": "gh" + "u_" + d(_LETTERS, 36),
            "GitHub app installation token": "gh" + "s_" + d(_LETTERS, 36),
            "GitLab token": "gl" + "pat-" + d(_LETTERS, 20),
            "GitLab deploy token": "gl" + "dt-" + d(_LETTERS, 20),
            "GitLab runner token": "gl" + "rt-" + d(_LETTERS, 20),
            "Stripe secret key (live)": "sk" + "_live_" + d(_LETTERS, 24),
            "Stripe restricted key (live)": "rk" + "_live_" + d(_LETTERS, 24),
            "Stripe secret key (test)": "sk" + "_test_" + d(_LETTERS, 24),
            "Stripe restricted key (test)": "rk" + "_test_" + d(_LETTERS, 24),
            "webhook signing secret": "whsec" + "_" + d(_LETTERS, 32),
            "AWS access key id (of a user, no end)": "AK" + "IA" + u(16),
            "AWS access key id (of a session)": "AS" + "IA" + u(16),
            "Slack bot token": "xox" + "b-" + "2" * 11 + "-" + d(_LETTERS, 24),
            "Slack user token": "xox" + "p-" + "2" * 11 + "-" + d(_LETTERS, 24),
            "Slack app-level token": "xapp" + "-1-" + d(_LETTERS, 24),
            "npm token": "npm" + "_" + d(_LETTERS, 36),
            "PyPI token": self.pypi('{"version": 1, "permissions": "user"}'),
            "RubyGems key": "rubygems" + "_" + h(48),
            "DigitalOcean token": "dop" + "_v1_" + h(64),
            "Anthropic key": "sk-" + "ant-api03-" + d(_LETTERS, 60),
            "OpenAI project key": "sk-" + "proj-" + d(_LETTERS, 60),
            "Google API key": "AI" + "za" + d(_LETTERS, 35),
            "Google access token": "ya29" + "." + d(_LETTERS, 60),
            "Google OAuth client secret": "GOC" + "SPX-" + d(_LETTERS, 28),
            "SendGrid key": "SG" + "." + d(_LETTERS, 22) + "." + d(_LETTERS, 43),
            "Hugging Face token": "hf" + "_" + d(_LETTERS, 34),
            "Vault token": "hv" + "s." + d(_LETTERS, 24),
            "Docker Hub token": "dckr" + "_pat_" + d(_LETTERS, 27),
            "Shopify admin token": "shp" + "at_" + h(32),
            "Mailgun key": "key" + "-" + h(32),
            "Mailchimp key": h(32) + "-us" + "12",
            "Fly token of a user": "fo" + "1_" + d(_LETTERS, 43),
            "Linear key": "lin" + "_api_" + d(_LETTERS, 40),
            "Netlify token": "nf" + "p_" + d(_LETTERS, 40),
            "Supabase token": "sb" + "p_" + h(40),
            "Supabase secret key": "sb" + "_secret_" + d(_LETTERS, 31),
            "PlanetScale password": "pscale" + "_pw_" + d(_LETTERS, 43),
            "Databricks token": "da" + "pi" + h(32),
            "Doppler service token": "dp." + "st." + d(_LETTERS, 40),
            "Atlassian token": "ATA" + "TT3" + d(_LETTERS, 180),
            "Terraform Cloud token": d(_LETTERS, 14) + ".atlas" + "v1." + d(_LETTERS, 67),
            "Grafana service account token": "gl" + "sa_" + d(_LETTERS, 32) + "_" + h(8),
            "Sentry token of a user": "sntr" + "yu_" + h(64),
            "New Relic user key": "NR" + "AK-" + u(27),
            "Postman key": "PM" + "AK-" + h(24) + "-" + h(34),
            "Figma token": "fi" + "gd_" + d(_LETTERS, 40),
            "Tailscale API key": "ts" + "key-api-" + d(_LETTERS, 20),
            "Brevo key": "xkey" + "sib-" + h(64) + "-" + d(_LETTERS, 16),
            "Notion token": "nt" + "n_" + d(_LETTERS, 46),
            "Replicate token": "r8" + "_" + d(_LETTERS, 37),
            "Telegram bot token": "731234567" + ":AA" + d(_LETTERS, 33),
            "Discord bot token": "M"
            + d(_LETTERS, 24)
            + "."
            + d(_LETTERS, 6)
            + "."
            + d(_LETTERS, 27),
            "Pulumi token": "pu" + "l-" + h(40),
            "Heroku token": "HR" + "KU-" + d(_LETTERS, 60),
            "Square access token": "sq" + "0atp-" + d(_LETTERS, 22),
            "Neon key": "na" + "pi_" + h(64),
            "Bitbucket app password": "AT" + "BB" + d(_LETTERS, 32),
            "CircleCI token of a user": "CCI" + "PAT_" + d(_LETTERS, 22) + "_" + h(40),
            "Buildkite token": "bk" + "ua_" + h(40),
            "Render key": "rn" + "d_" + d(_LETTERS, 32),
            "Groq key": "gs" + "k_" + d(_LETTERS, 52),
            "xAI key": "xa" + "i-" + d(_LETTERS, 80),
            "Perplexity key": "pp" + "lx-" + d(_LETTERS, 48),
            "HubSpot token": "pa" + "t-na1-" + self.uuid(),
            "Plaid access token": "acc" + "ess-production-" + self.uuid(),
            "Azure client secret": d(_LETTERS, 3) + "8Q" + "~" + d(_LETTERS, 34),
            "1Password service account token": "op" + "s_eyJ" + d(_LETTERS, 200),
            "Contentful token": "CF" + "PAT-" + d(_LETTERS, 43),
            "Alibaba Cloud access key id": "LT" + "AI" + d(_LETTERS, 20),
            "JFrog key": "AK" + "Cp" + d(_LETTERS, 69),
            "Google refresh token": "1/" + "/0" + d(_LETTERS, 60),
            "Prefect key": "pn" + "u_" + d(_LETTERS, 36),
            "Kubernetes service account token": self.jwt(
                iss="kubernetes/serviceaccount",
                sub="system:serviceaccount:shop:deploy",
                x=d(_LETTERS, 600),
            ),
            "JSON Web Token": self.jwt(iss="auth.example.com", aud="orders", scope="orders:write"),
            **{kind: self.spelled(parts) for kind, parts in _SPELLED.items()},
        }
