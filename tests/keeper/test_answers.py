"""A person at a real terminal answers, and an agent gets what follows."""

import os
import time

import pytest

from tests.keeper.human import DEAF, GATESH, IDLE, held


def test_a_typed_word_approves_and_the_command_runs_once(start, work, rows):
    human, agent = start()
    pid = held(agent, "touch hold-1 && echo done")
    human.yes("hold-touch")
    result = agent.wait(pid)
    assert (result.exit, result.out) == (0, b"done\n")
    assert (work / "hold-1").exists()
    [(answered, assurance, approver)] = rows("SELECT answered, assurance, approver FROM answer")
    assert (answered, assurance) == ("approved", "A0")
    assert f"pid {human.pid()}" in approver and "/dev/pts/" in approver


def test_what_is_harmless_is_not_held(start, work):
    human, agent = start()
    assert agent.run(GATESH, "-c", "touch x").exit == 0
    assert (work / "x").exists()
    assert IDLE in human.screen()


def test_a_rejection_reaches_the_agent_with_its_comment_and_a_repeat_is_refused_at_once(
    start, work, rows
):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    human.type("n")
    human.wait_for("A word to the agent")
    human.type("use ls instead", "Enter")
    result = agent.wait(pid)
    assert result.exit == 126
    assert b"a human rejected it" in result.err and b"your human says: use ls instead" in result.err
    began = time.monotonic()
    again = agent.run(GATESH, "-c", "touch hold-1")
    assert again.exit == 126 and b"rejected the same command before" in again.err
    assert time.monotonic() - began < 5
    assert not (work / "hold-1").exists()
    assert rows("SELECT answered, by FROM answer ORDER BY record") == [
        ("rejected", 0),
        ("repeated", 1),
    ]


def test_n_is_taken_back_by_backspace_and_the_word_still_counts(start, work):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    human.type("nx")
    human.wait_for("then Enter: x")
    human.type("", "BSpace", "BSpace")
    human.wait_gone("A word to the agent")
    human.type(word, "Enter")
    assert agent.wait(pid).exit == 0


def test_ctrl_c_at_a_card_answers_nothing_takes_back_what_was_typed_and_twice_ends(start, rows):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    human.type("n", "C-c")
    human.wait_for("Ctrl-C again ends gatesh keeper")
    assert "A word to the agent" not in human.screen()
    assert rows("SELECT * FROM answer") == []
    human.type("", "C-c")
    human.wait_for("[ended: 0]")
    assert agent.wait(pid).exit == 125


def test_escape_is_taken_back_by_backspace(start):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    human.type("", "Escape")
    human.wait_for("after Esc keys are ignored: Backspace, or", timeout=5)
    human.type("", "BSpace")
    human.wait_gone("after Esc keys")
    human.type(word, "Enter")
    assert agent.wait(pid).exit == 0


def test_a_command_whose_time_runs_goes_before_a_card_that_can_wait(start, place):
    human, agent = start()
    more = place / "patterns" / "more.toml"
    more.write_text("[override.hold-critical]\noff = true\n")
    human.card("loosen one thing")
    pid = held(agent, "touch hold-1")
    human.card("hold-touch  (1 of 2, Tab: next)")
    human.type("", "Tab")
    human.card("loosen one thing; inactive until you confirm  (2 of 2")
    human.type("", "Tab")
    human.yes("hold-touch  (1 of 2")
    assert agent.wait(pid).exit == 0
    typed = human.card("loosen one thing")
    human.type(typed[:2])
    pid = held(agent, "touch hold-2")
    human.wait_for("(2 of 2, Tab: next)")  # what is being typed is not taken away
    human.type(typed[2:], "Enter")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0
    human.wait_for("is active until this keeper ends: confirmed by")


# -- the overview ---------------------------------------------------------------------------------------------


def choose(human, text):
    """Ask for the overview and choose the line that has `text`."""
    human.type("", "C-l")
    human.wait_for("S: overview")
    human.type("S")
    word = human.card("what you decided that lasts").split(" ")[0]
    [line] = [row for row in human.screen().splitlines() if text in row]
    human.type(f"{word} {line.split()[0]}", "Enter")
    human.wait_for(IDLE)


def test_a_rejection_can_be_taken_back_and_the_same_line_is_asked_about_again(start, work, rows):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    human.wait_for("(also when it is submitted again; S takes it back)")
    choose(human, "take back: rejected: record 1, touch hold-1")
    human.wait_for("taken back: rejected: record 1, touch hold-1, by terminal")
    pid = held(agent, "touch hold-1")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0
    assert rows("SELECT count(*) FROM alert WHERE kind = 'overview'") == [(1,)]


@pytest.mark.parametrize(
    ("typed", "said", "listed"),
    [
        ("15", "this line for 15 minutes; S takes it back", "allowed: record 1, touch -c hold-1, 14 min left"),
        ("rule", "hold-touch for this session; S takes it back", "rule hold-touch is allowed: record 1"),
    ],
)  # fmt: skip
def test_a_grant_is_said_listed_and_taken_back(start, typed, said, listed):
    human, agent = start(size=(140, 30))
    pid = held(agent, "touch -c hold-1")
    human.type(f"{human.card('hold-touch')} {typed}", "Enter")
    assert agent.wait(pid).exit == 0
    human.wait_for(said)
    assert agent.run(GATESH, "-c", "touch -c hold-1").exit == 0
    choose(human, listed)
    pid = held(agent, "touch -c hold-1")
    human.card("hold-touch")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_a_session_is_stopped_and_freed_from_an_idle_keeper(start):
    human, agent = start()
    human.type("S")
    human.wait_for("no session is there, and nothing you decided lasts")
    assert agent.run(GATESH, "-c", "echo one").out == b"one\n"
    choose(human, "stop session of python")
    stopped = agent.run(GATESH, "-c", "echo two")
    assert stopped.exit == 126 and stopped.out == b""
    assert (
        b"refused [stopped]: a human stopped this session; nothing ran; record 2\n" in stopped.err
    )
    assert b"who can free it at the keeper" in stopped.err
    choose(human, "which is stopped")
    assert agent.run(GATESH, "-c", "echo three").out == b"three\n"


def test_the_overview_takes_its_word_and_a_number_and_n_closes_it(start):
    human, agent = start()
    assert agent.run(GATESH, "-c", "true").exit == 0
    human.type("S")
    word = human.card("what you decided that lasts").split(" ")[0]
    human.type(word, "Enter")
    human.wait_for("also type a line's number")
    word = human.card("what you decided that lasts").split(" ")[0]
    human.type(f"{word} 2", "Enter")
    human.wait_gone(word)
    human.card("what you decided that lasts")
    human.type("n")
    human.wait_for(IDLE)
    assert agent.run(GATESH, "-c", "echo still").out == b"still\n"


def test_one_key_stops_the_session_for_good_whatever_it_submits(start, work, rows):
    human, agent = start()
    pids = [held(agent, "touch hold-1"), held(agent, "touch critical-1")]
    human.wait_for("of 2, Tab")
    human.card("hold")
    human.type("S")
    for pid in pids:
        assert b"a human stopped this session" in agent.wait(pid).err
    after = agent.run(GATESH, "-c", "touch harmless")
    assert after.exit == 126 and b"a human stopped this session" in after.err
    assert list(work.iterdir()) == []
    assert [a for (a,) in rows("SELECT answered FROM answer ORDER BY record")] == ["stopped"] * 3


def test_enter_space_y_and_other_words_do_nothing(start, work, rows):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    human.type("", "Enter", "Space", "Enter", "Escape", "y", "Enter")
    human.type("y", "Enter")
    human.wait_for("that was not the word")
    time.sleep(DEAF)
    human.type("yes", "Enter")
    time.sleep(DEAF * 2)
    human.type(word, "Enter")  # the word of an earlier card
    time.sleep(DEAF)
    assert not (work / "hold-1").exists()
    assert len(rows("SELECT * FROM refused_answer")) == 3
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_a_critical_one_takes_the_name_of_what_is_destroyed_too(start, work):
    human, agent = start()
    pid = held(agent, "touch critical-1")
    typed = human.card("hold-critical")
    word, name = typed.split(" ")
    assert name == "critical-1"
    human.type(word, "Enter")
    human.wait_for("also type critical-1")
    assert not (work / "critical-1").exists()
    word = human.card("hold-critical").split(" ")[0]
    human.type(f"{word} rule", "Enter")
    time.sleep(DEAF)
    assert not (work / "critical-1").exists()
    human.yes("hold-critical")
    assert agent.wait(pid).exit == 0


def test_a_word_that_is_pasted_does_nothing(start, work):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    human.tmux("set-buffer", f"{word}\r")
    human.tmux("paste-buffer", "-p", "-t", "t:0")
    human.wait_for("pasted text does not answer")
    time.sleep(DEAF)
    assert not (work / "hold-1").exists()
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_reports_that_an_asker_makes_the_terminal_send_do_nothing(start, work, rows):
    """As root TIOCEXCL lets the asker write to the approver's terminal: the parser must hold."""
    human, agent = start()
    human.tmux("set-option", "-s", "set-clipboard", "on")
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    try:
        tty = os.open(human.tty(), os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        tty = -1  # exclusive: this user cannot even open it
    assert (tty >= 0) == (os.geteuid() == 0)
    queries = [
        b"\x1b[?2026$p",
        b"\x1b]52;c;eXl5\a",
        b"\x1b]52;c;?\a",
        b"\x1b[c",
        b"\x1b[5n",
        b"\x1b[6n",
    ]
    chosen = [
        b"\x1b]52;c;" + word.encode() + b"\a",
        b"\x1b]2;" + word.encode() + b"\r\a",
        b"\x1b[21t",
    ]
    if tty >= 0:
        for query in (queries + chosen) * 3:
            os.write(tty, query)
        os.close(tty)
    for raw in (
        "1b 5b 3f 32 30 32 36 3b 30 24 79",
        "1b 5b 4d 20 79 79",
        "1b 5d 35 32 3b 3b 79 79 79 07",
    ):
        human.tmux("send-keys", "-t", "t:0", "-H", *raw.split())
    human.type("", "Enter")
    time.sleep(DEAF)
    assert not (work / "hold-1").exists()
    assert rows("SELECT * FROM answer") == []
    assert rows("SELECT * FROM refused_answer") == []
    human.type("x", "C-u")  # redraws the line
    human.type(word, "Enter")
    assert agent.wait(pid).exit == 0


def test_what_was_typed_before_the_card_was_visible_does_nothing(start, work, rows):
    human, agent = start()
    human.type("nnSS yes")
    pid = held(agent, "touch hold-1")
    for _ in range(20):
        human.type("nS\r")
        if "hold-touch" in human.screen():
            break
    human.card("hold-touch")
    assert rows("SELECT * FROM answer") == []
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_a_command_whose_caller_goes_away_is_withdrawn(start, work, rows):
    human, agent = start()
    pid = held(agent, "touch hold-1")
    human.card("hold-touch")
    agent.signal(pid, 9)
    human.wait_for("withdrawn")
    human.wait_for(IDLE)
    assert rows("SELECT answered FROM answer") == [("withdrawn",)]
    assert not (work / "hold-1").exists()


def test_a_late_approval_lets_the_same_command_run_once(start, work, rows):
    human, agent = start("--wait", "2")
    result = agent.run(GATESH, "-c", "touch hold-1")
    assert result.exit == 126 and b"pending as 1" in result.err
    human.wait_for("late:")
    human.yes("hold-touch")
    human.wait_for(IDLE)
    assert not (work / "hold-1").exists()  # nothing runs by itself
    assert agent.run(GATESH, "-c", "touch hold-2").exit == 126  # another command is not covered
    human.type("", "C-l")
    again = agent.run(GATESH, "-c", "touch hold-1")
    assert again.exit == 0 and b"held" not in again.err
    assert (work / "hold-1").exists()
    third = agent.run(GATESH, "-c", "touch hold-1")
    assert third.exit == 126 and b"no human answered in time" in third.err
    answers = rows("SELECT answered, by FROM answer ORDER BY record")
    assert answers == [("expired", 0), ("expired", 0), ("granted", 1), ("expired", 0)]


def test_a_late_approval_does_not_cover_another_folder_or_session(start, env, work):
    from tests.agent import Agent

    human, agent = start("--wait", "2")
    assert agent.run(GATESH, "-c", "touch hold-1").exit == 126
    human.wait_for("late:")
    human.yes("hold-touch")
    human.wait_for(IDLE)
    with Agent(env, str(work)) as other:
        assert other.run(GATESH, "-c", "touch hold-1").exit == 126
    assert (
        agent.run("sh", "-c", f"mkdir sub && cd sub && exec {GATESH} -c 'touch hold-1'").exit == 126
    )
    assert agent.run(GATESH, "-c", "touch hold-1", LD_PRELOAD="x.so").exit == 126
    assert agent.run(GATESH, "-c", "touch hold-1").exit == 0


def test_a_grant_for_minutes_covers_the_same_line_and_no_other(start, work):
    human, agent = start("--wait", "20")
    pid = held(agent, "touch -c hold-1")
    human.type(human.card("hold-touch") + " 15", "Enter")
    assert agent.wait(pid).exit == 0
    assert agent.run(GATESH, "-c", "touch -c hold-1").exit == 0
    pid = held(agent, "touch hold-2")
    human.card("touch hold-2")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_a_grant_for_a_rule_covers_this_session_and_no_other_rule(start, work):
    human, agent = start("--wait", "20")
    pid = held(agent, "touch hold-1")
    human.type(human.card("hold-touch") + " rule", "Enter")
    assert agent.wait(pid).exit == 0
    assert agent.run(GATESH, "-c", "touch hold-2").exit == 0
    pid = held(agent, "touch hold-3; touch critical-1")
    human.card("hold-critical")
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126
    assert not (work / "hold-3").exists()


def test_several_are_asked_one_after_another_each_with_its_own_word(start, work):
    human, agent = start()
    pids = [held(agent, f"touch hold-{n}") for n in range(3)]
    human.wait_for("of 3, Tab")
    shown = human.screen()
    human.card("hold-touch")
    human.type("", "Tab")
    human.wait_gone(shown.splitlines()[1])
    words = []
    for _ in range(3):
        words.append(human.card("hold-touch"))
        human.type(words[-1], "Enter")
        human.wait_gone(f"`{words[-1]}`")
    assert [agent.wait(pid).exit for pid in pids] == [0, 0, 0]
    assert len(set(words)) > 1


def test_a_small_screen_shows_no_question_and_takes_no_answer(start, work):
    human, agent = start(size=(100, 30))
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    human.tmux("resize-window", "-t", "t:0", "-x", "30", "-y", "6")
    human.wait_for("make this terminal")
    human.type(word, "Enter")
    time.sleep(DEAF)
    assert not (work / "hold-1").exists()
    human.tmux("resize-window", "-t", "t:0", "-x", "40", "-y", "8")
    human.wait_for("touch hold-1")
    human.yes("hold-touch")
    assert agent.wait(pid).exit == 0


def test_a_long_command_is_paged_and_says_what_is_hidden(start, work):
    human, agent = start(size=(60, 16))
    line = "touch hold-1\n" + "".join(f"echo line-{n}\n" for n in range(60))
    pid = held(agent, line)
    word = human.card("hold-touch")
    shown = human.screen()
    assert "touch hold-1" in shown and "lines hidden, Space shows more" in shown
    human.type("", "Space")
    time.sleep(DEAF)
    paged = human.screen()
    assert paged != shown and "touch hold-1" in paged
    human.type(word, "Enter")
    assert agent.wait(pid).exit == 0


def test_a_dumb_terminal_gets_plain_lines(start, work):
    human, agent = start(term="dumb")
    pid = held(agent, "touch hold-1")
    word = human.card("hold-touch")
    time.sleep(2)  # it cannot be asked where its cursor is
    human.type(word, "Enter")
    assert agent.wait(pid).exit == 0


def test_secrets_and_control_characters_are_not_drawn(start, work):
    human, agent = start()
    line = "touch hold-1 # \u202e token=ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"
    pid = held(agent, line)
    human.card("hold-touch")
    shown = human.screen()
    assert "\\u202e" in shown and "ghp_" not in shown
    human.type("n", "Enter")
    assert agent.wait(pid).exit == 126


def test_the_terminal_is_given_back_as_it_was(start):
    human, agent = start()
    before = human.tmux("display-message", "-p", "-t", "t:0", "#{alternate_on}")
    held(agent, "touch hold-1")
    human.card("hold-touch")
    assert human.tmux("display-message", "-p", "-t", "t:0", "#{alternate_on}") != before
    human.type("n", "Enter")
    human.wait_for(IDLE)
    human.type("", "C-c")
    time.sleep(0.2)
    assert IDLE in human.screen()
    human.type("", "C-c")
    human.wait_for("[ended: 0]")
    assert human.tmux("display-message", "-p", "-t", "t:0", "#{alternate_on}") == before
