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
        }
