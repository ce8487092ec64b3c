"""Shapes that only tokens have: prefixes their issuers chose so that they can be found."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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


def may_have_shape(text: str) -> bool:
    """Claim that some shape's prefix is in the text; where it is in none, no part of the text has one."""
    return any(prefix in text for prefix, _ in _SHAPES)


def find_shapes(text: str) -> Iterator[tuple[int, int]]:
    """Yield where a token of a known shape stands."""
    for prefix, shape in _SHAPES:
        if prefix in text:
            import re

            for found in re.finditer(shape, text):
                yield found.span("v") if "v" in found.re.groupindex else found.span()
