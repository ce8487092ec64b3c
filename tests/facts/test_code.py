"""Code in Python, JavaScript, Ruby and Perl, told as the shell lines it amounts to."""

import time
import tomllib
from pathlib import Path

import pytest

from gatesh.facts import javascript_code, other_code, python_code, recipes

ENV = {"HOME": "/home/me"}


def python(text, *arguments):
    return list(python_code.read(text, "x.py", "/work", arguments, ENV).lines)


FILE = Path(__file__).parents[1] / "data/facts/code.toml"
TABLE = tomllib.loads(FILE.read_text())


@pytest.mark.parametrize("row", TABLE["python"], ids=lambda row: row["code"])
def test_python_calls_are_told_as_the_commands_they_amount_to(row):
    assert row["line"] in python(row["code"], "ARGUMENT")


QUIET = [
    "print('shutil.rmtree(x)')  # shutil.rmtree('y')",
    "import requests\nrequests.get(url).json()['delete']"
    if False
    else "d = {'a': 1}\nd.pop('a')\nd.clear()",
    "a = [1]\na.remove(1)\nimport re\nre.sub('rm -rf', '', 'x')",
    "class A:\n    def rmtree(self, p): pass\nA().rmtree('data')",
    "def system(x): pass\nsystem('rm -rf x')",
    "import subprocess\nsubprocess.run(cmd)",
    "open('x').read()",
    "import sqlite3\nsqlite3.connect('a.db').execute('SELECT 1')",
    "import boto3\nboto3.client('s3').list_buckets()",
]


@pytest.mark.parametrize("text", QUIET)
def test_python_data_and_namesakes_say_nothing(text):
    assert python(text) == []


def test_a_folder_that_python_makes_for_itself_is_temporary():
    assert python("import tempfile, shutil\nd = tempfile.mkdtemp()\nshutil.rmtree(d)") == [
        "rm -rf -- /tmp/made-by-python"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "import os\n" + "x = x\n" * 300 + "os.system(x)",
        "import os\n" + "".join(f"x = f(x, x, x{i})\n" for i in range(300)) + "os.system(x.y.z)",
        "import os\na = b\nb = c\nc = a\nos.system(a + b + c)",
        "import os\n"
        + "\n".join(f"a{i} = a{i + 1} + a{i + 1}" for i in range(60))
        + "\na60 = 'x'\nos.system(a0)",
    ],
)
def test_names_that_go_in_circles_take_no_time(text):
    began = time.process_time()
    python(text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("row", TABLE["javascript"], ids=lambda row: row["code"])
def test_javascript_calls_are_told_and_its_data_says_nothing(row):
    found = javascript_code.read(row["code"], "/work/x.js", "/work", ("ARGUMENT",), ENV).lines
    assert row["line"] in found if "line" in row else not found


@pytest.mark.parametrize(
    "text",
    [
        "fs.rm('" + "\\\\" * 5000,
        "fs.rm(" * 30_000,
        "fs.rm([{" * 10_000,
        "`${" * 10_000 + "fs",
        "fs.rm(`${a}`)" * 5000,
        "a=b;b=a;fs.rm(a+b);" * 500,
        "".join(f"a{i}=a{i + 1}+a{i + 1};" for i in range(60)) + "fs.rm(a0)",
        "".join(f"a{i}=[a{i + 1},a{i + 1}];" for i in range(60)) + "for (const x of a0) fs.rm(x)",
        "/" * 30_000 + "fs.rm",
        "fs" + ".a" * 30_000,
        "(" * 150 + "fs.rm" + ")=>1" * 9000,
        "const {" * 9000 + "fs.rm",
    ],
)
def test_javascript_that_is_built_to_take_long_does_not(text):
    began = time.process_time()
    try:
        javascript_code.read(text, "", "/work", (), {})
    except (ValueError, OverflowError, RecursionError):  # said to be unseen
        pass
    assert time.process_time() - began < 1.5


OTHER = [
    ("ruby", "require 'fileutils'; FileUtils.rm_rf('data')", "rm -rf -- data"),
    ("ruby", "system('rm -rf x')", "rm -rf x"),
    ("ruby", "`rm -rf x`", "rm -rf x"),
    ("ruby", "system(*%w[rm -rf x])", "rm -rf x"),
    ("ruby", "system(*['rm', '-rf', 'x y'])", "rm -rf 'x y'"),
    ("ruby", "open('|rm -rf x')", "rm -rf x"),
    ("ruby", "IO.read('|rm x')", "rm x"),
    ("ruby", "Pathname('x').rmtree", "rm -rf -- x"),
    ("ruby", "Pathname.new('x').delete", "rm -- x"),
    (
        "ruby",
        "Net::HTTP.new('a.example', 80).delete('/1')",
        "curl -X DELETE --url https://a.example/1",
    ),
    ("php", 'array_map("unlink", glob("x/*"));', "rm -- x/*"),
    ("php", 'array_map("unlink", ["x y"]);', "rm -- 'x y'"),
    ("php", 'array_map("system", ["rm -rf x"]);', "rm -rf x"),
    (
        "php",
        """$c = stream_context_create(["http" => ["method" => "DELETE"]]);
        file_get_contents("https://a.example/1", false, $c);""",
        "curl -X DELETE --url https://a.example/1",
    ),
    (
        "php",
        'curl_setopt(curl_init("https://a.example/1"), CURLOPT_CUSTOMREQUEST, "DELETE");',
        "curl -X DELETE --url https://a.example/1",
    ),
    ("perl", "system('rm', '-rf', 'x');", "rm -rf x"),
    ("perl", "unlink 'x';", "rm -- x"),
    ("perl", "print qx{rm -rf x};", "rm -rf x"),
    (
        "perl",
        "HTTP::Tiny->new->request('DELETE', 'https://a.example/1')",
        "curl -X DELETE --url https://a.example/1",
    ),
    (
        "perl",
        """$s=IO::Socket::INET->new(PeerAddr=>"a.example:80"); print $s "DELETE /1 HTTP/1.1";""",
        "nc a.example 80 <<< 'DELETE /1 HTTP/1.1'",
    ),
    (
        "ruby",
        """TCPSocket.new("a.example", 80).write("FLUSHALL")""",
        "nc a.example 80 <<< FLUSHALL",
    ),
    ("tcl", "exec rm -rf x", "rm -rf x"),
    ("tcl", "set d x; set r [exec sh -c {rm -rf x}]", "sh -c 'rm -rf x'"),
    ("tcl", 'set d "x y"; file delete -force -- $d', "rm -rf -- 'x y'"),
    ("tcl", 'eval "exec rm -rf x"', "rm -rf x"),
    (
        "tcl",
        'puts [socket a.example 80] "DELETE /1 HTTP/1.1"',
        "nc a.example 80 <<< 'DELETE /1 HTTP/1.1'",
    ),
]


@pytest.mark.parametrize(("language", "text", "line"), OTHER, ids=[t for _, t, _ in OTHER])
def test_calls_of_other_languages_are_told(language, text, line):
    assert line in other_code.lines(text, language)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ruby", "puts open('a').read; words = %w[rm -rf x]; puts h.delete('x')"),
        ("php", 'array_map("trim", glob("x/*")); $a = ["method" => "DELETE"];'),
        ("ruby", "# system('rm x')\nputs \"system('rm x')\"; h.delete('x')"),
        ("tcl", '# exec rm x\nputs "exec rm x"; dict delete d'),
        ("perl", "$c->request($method, $url)"),
        ("perl", "# unlink 'x'\nprint 'unlink x'; delete $h{x}; s/rm -rf//;"),
    ],
)
def test_data_of_other_languages_says_nothing(language, text):
    assert other_code.lines(text, language) == []


def test_aliases_are_read_as_git_does():
    text = '[core]\n\tbare = false\n[alias]\n\tst = status ; short\n\twipe = "!rm -rf \\"x\\""\n'
    assert recipes.git_aliases(text) == {"st": "status", "wipe": '!rm -rf "x"'}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ruby", "system 'a" + "\\\\" * 5000),
        ("perl", "qx(" * 20_000),
    ],
)
def test_texts_that_are_built_to_take_long_do_not(language, text):
    began = time.process_time()
    try:
        other_code.lines(text, language)
    except ValueError:  # said to be unseen
        pass
    assert time.process_time() - began < 2
