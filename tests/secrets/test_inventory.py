"""`gatesh secrets`: every made-up token is listed with what it could do, nothing else is, and no value is shown."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gatesh.secrets.formats import kind_of
from gatesh.secrets.inventory import plugins
from tests.installed import GATESH
from tests.secrets.tokens import Maker

TOKENS = Maker(3).all()
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.com")


def secrets(env: dict[str, str], work: Path, *words: str) -> str:
    done = subprocess.run(
        [GATESH, "secrets", *words], env=env, cwd=work, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def listed(env: dict[str, str], work: Path, *words: str) -> list[dict[str, Any]]:
    return json.loads(secrets(env, work, "--json", *words))["secrets"]


def git(work: Path, *words: str) -> None:
    subprocess.run(["git", *IDENTITY, *words], cwd=work, check=True, capture_output=True)


def test_every_format_is_listed_wherever_it_stands(env, work: Path) -> None:
    forms = (
        "T={}\n",
        "export X_TOKEN='{}'\n",
        'auth: "{}"\n',
        '{{"a": {{"b": "{}"}}}}\n',
        "curl -u x:{} h\n",
        "see {} there\n",
    )
    for number, token in enumerate(TOKENS.values()):
        file = work / f"d{number % 7}" / f"f{number}.{'env py json md'.split()[number % 4]}"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n" + forms[number % len(forms)].format(token))

    found = listed(env, work, "--no-home")
    text = secrets(env, work, "--no-home")

    kinds = {os.path.basename(one["path"]).partition(".")[0]: one["kind"] for one in found}
    assert kinds == {f"f{number}": kind for number, kind in enumerate(TOKENS)}
    assert all(one["line"] == 2 and one["may"] for one in found)
    assert [kind for kind, token in TOKENS.items() if token in text + json.dumps(found)] == []


def test_a_token_in_the_header_of_a_script_is_listed(env, work: Path) -> None:
    drawn = Maker(6).drawn("abcXYZ0189kmnQRS", 32)
    bearer, key = f"{drawn}b1", f"{drawn}K2"
    lines = f"curl -H 'Authorization: Bearer {bearer}' $URL\ncurl -H \"X-Api-Key: {key}\" $URL\n"
    (work / "deploy.sh").write_text(lines)
    assert [one["line"] for one in listed(env, work, "--no-home")] == [1, 2]


def test_what_no_secret_is_stays_out(env, work: Path) -> None:
    maker = Maker(5)
    digest, blob = hashlib.sha512(b"x").digest(), random.Random(5).randbytes(9_000)
    sha = maker.hexed(40)
    quiet = {
        "package-lock.json": json.dumps(
            {"integrity": "sha512-" + base64.b64encode(digest).decode()}
        ),
        "poetry.lock": f'hash = "sha256:{maker.hexed(64)}"\n',
        "go.sum": f"example.com/x v1.0.0 h1:{base64.b64encode(digest[:32]).decode()}\n",
        "image.html": f'<img src="data:image/png;base64,{base64.b64encode(blob).decode()}">',
        "ids.json": json.dumps({"id": maker.uuid(), "cacheKey": maker.hexed(32), "commit": sha}),
        "CHANGES": f"reverts {sha}\n",
        ".env.example": "API_TOKEN=your-token-here\nPASSWORD=changeme\nKEY=<key>\nSECRET=${SECRET}\n",
        "main.py": "token = os.environ['TOKEN']\nkey = make_key(x)\nPASSWORD_FIELD = 'password'\n",
        "main.tf": 'password = var.password\ntoken = data.vault.x["t"]\n',
        "app.js": "const primaryKey = 'user_2024_id';\nif (token === undefined) {}\n",
        "ci.yml": "token: ${{ secrets.GITHUB_TOKEN }}\nname: key-rotation-2024\n",
        "id_rsa.pub": "ssh-rsa AAAAB3NzaC1yc2E" + maker.drawn("abcXYZ0189", 300) + " me@here\n",
        "stripe.js": "Stripe('pk" + "_live_" + maker.drawn("abcXYZ0189", 24) + "')\n",
        "uuid.txt": "\n".join(maker.uuid() for _ in range(50)),
        "sums.txt": "\n".join(f"{maker.hexed(64)}  f{n}" for n in range(50)),
        "names.py": "\n".join(
            """re_compile_every_pattern ptr_to_the_next_of_all_the_free_blocks_there_are pk_users_id_and_tenant_id
            fw_updateFirmwareOfDevices sm_pat_of_the_state_machine key_of_the_last_thing_that_was_seen
            live_updatesOfEveryRowInTheTable NotificationServiceHandler.create.defaultNotificationHandler
            t1.customer_identifier_of_the_order.total s.addEventListenerForClicks() st.markdown.of.the.page
            fc-cache-of-the-fonts-that-are-there pat.match.every.one api-gateway-of-the-shop-eu-west-1
            token-bucket:rate-limiter-of-the-whole-service sdk-for-java-and-kotlin-of-the-shop
            STS.assume_role_with_web_identity SK_OF_THE_PROCESS oauth:the-flow-that-is-used API-GATEWAY-OF-SHOP
            sat.observation.time.of.the.first dose_of_the_medicine_given e2b_of_the_model r8_format tr_prod_of_x
            slk_and_sgp_local_of_the_build sha256~ SCW_ACCESS_KEY K001-is-a-part IGQ-of-the-queue""".split()
        ),
        "digests.txt": "\n".join(
            f"{before}{maker.hexed(size)}"
            for before in ("sha256:", "md5-", "r", "x", "a_", "image@sha256:", "")
            for size in (32, 34, 40, 42, 48, 56, 64, 96, 128)
        ),
        "blobs.txt": "\n".join(
            base64.b64encode(random.Random(n).randbytes(300)).decode() for n in range(40)
        ),
    }
    for name, content in quiet.items():
        (work / name).write_text(content)

    assert listed(env, work, "--no-home") == []


def test_git_permissions_and_advice_are_told(env, work: Path) -> None:
    git(work, "init", "-q")
    maker = Maker(9)
    token = {name: "gl" + "pat-" + maker.drawn("abcdXYZ01289", 20) for name in "abcd"}
    for name, path in (("a", "tracked.env"), ("b", "loose.env"), ("c", ".env"), ("d", "open.env")):
        (work / path).write_text(f"T={token[name]}\n")
        (work / path).chmod(0o644 if name == "d" else 0o600)
    (work / ".gitignore").write_text(".env\n")
    git(work, "add", "tracked.env", ".gitignore")
    git(work, "commit", "-qm", "x")

    found = {Path(one["path"]).name: one for one in listed(env, work, "--no-home")}

    assert {name: one["git"] for name, one in found.items()} == {
        "tracked.env": "tracked", "loose.env": "untracked", ".env": "ignored", "open.env": "untracked",
    }  # fmt: skip
    assert found["tracked.env"]["advice"][0].startswith("revoke it")
    assert any("chmod 600" in said for said in found["open.env"]["advice"])
    assert not any("chmod 600" in said for said in found[".env"]["advice"])


def test_the_home_and_the_variables_are_looked_at(env, work: Path) -> None:
    maker = Maker(4)
    token = "gh" + "o_" + maker.drawn("abcdXYZ01289", 36)
    home = Path(env["HOME"])
    files = {
        ".config/gh/hosts.yml": f"github.com:\n    oauth_token: {token}\n",
        ".netrc": f"machine h login me password {maker.drawn('abcdXYZ01289', 20)}\n",
        ".aws/credentials": f"[live]\naws_secret_access_key = {maker.drawn('abcdXYZ01289+/', 40)}\n",
        ".railway/config.json": json.dumps({"user": {"token": maker.uuid()}}),
        ".ssh/work": maker.private_key(),
        ".kube/config": "users:\n- user:\n    client-key-data: "
        + base64.b64encode(b"x7" * 99).decode(),
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)

    found = listed(env | {"GH_TOKEN": token}, work)

    assert {one["path"].removeprefix(f"{home}/") for one in found if one["path"]} == set(files)
    (variable,) = [one for one in found if not one["path"]]
    assert (variable["name"], variable["kind"]) == ("GH_TOKEN", "GitHub OAuth token")
    assert variable["same_as"] == f"{home}/.config/gh/hosts.yml:2"


@pytest.mark.parametrize(
    ("token", "may"),
    [
        (Maker().pypi('{"version": 1, "permissions": "user"}'), "uploads releases of every project of its user"),
        (Maker().pypi('{"version": 1, "permissions": {"projects": ["left", "right"]}}'), "uploads releases of left, right"),
        (Maker().jwt(iss="a.example", scope="orders:write", exp=4102444800), "by its own word of a.example, may orders:write, until 2100-01-01"),
        (Maker().jwt(aud=["x", "y"], exp=1), "by its own word for x y, ended 1970-01-01"),
        (Maker().jwt(role="admin"), "by its own word as admin, without an end"),
    ],
)  # fmt: skip
def test_what_a_format_tells_is_told(token: str, may: str) -> None:
    assert kind_of(token).can == may


def test_a_folder_that_is_none_is_refused(env, work: Path) -> None:
    done = subprocess.run(
        [GATESH, "secrets", "gone"], env=env, cwd=work, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert done.stderr.startswith("gatesh: error: gone is no folder\ngatesh: hint: ")


def test_formats_that_only_detect_secrets_knows_are_listed(env, work: Path) -> None:
    if not plugins():
        pytest.skip("detect-secrets is not installed")
    maker = Maker(6)
    (work / "a.txt").write_text("x sq0" + "csp-" + maker.drawn("abcdXYZ01289", 43) + " y\n")
    (work / "b.txt").write_text('softlayer_api_key = "' + maker.hexed(64) + '"\n')

    kinds = {one["kind"] for one in listed(env, work, "--no-home")}

    assert any("Square" in kind for kind in kinds)
    assert any("SoftLayer" in kind for kind in kinds)
