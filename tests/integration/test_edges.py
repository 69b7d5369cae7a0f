# SPDX-License-Identifier: Apache-2.0
"""The command line in hostile surroundings: one sentence, an exit status, nothing left behind and nothing replaced."""

import contextlib
import io
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from PIL import Image

import semstego
from semstego.cli.main import main

SEMSTEGO = Path(sys.executable).parent / "semstego"
SOURCES = Path(semstego.__file__).parent
WORDS = "seven words drawn by dice and nothing else"
MESSAGE = b"a message of 32 bytes, or nearly"
NAME = "\x1b[31mX\nmessage bytes 999"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cover, a message, and what hiding gives of them; read only."""
    folder = tmp_path_factory.mktemp("edges")
    rng = np.random.default_rng(7)
    coarse = Image.fromarray(rng.integers(40, 216, (16, 18, 3), np.uint8)).resize((72, 64), Image.Resampling.BICUBIC)
    pixels = np.clip(np.asarray(coarse).astype(int) + rng.integers(-6, 7, (64, 72, 3)), 20, 235).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "c.png")
    (folder / "m.txt").write_bytes(MESSAGE)
    hidden = semstego.hide(pixels, MESSAGE, passphrase=WORDS, name=f"../../{NAME}")
    (folder / "s.sem").write_bytes(hidden.stream)
    (folder / "r.png").write_bytes(hidden.png)
    return folder


@pytest.fixture
def here(made, tmp_path):
    for path in made.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def run(folder, *words, status=0, shell="", **environment):
    """A command; where standard streams are sent elsewhere by ``shell``, or the surroundings are odd, in a process."""
    given = {"SEMSTEGO_PASSPHRASE": WORDS} | environment
    words = [str(word) for word in words]
    if shell or set(given) != {"SEMSTEGO_PASSPHRASE"}:
        script = f'exec "$0" "$@" {shell}'
        done = subprocess.run(
            ["bash", "-c", script, SEMSTEGO, *words],
            cwd=folder,
            capture_output=True,
            env=os.environ | given,
            check=False,
            timeout=120,
        )
        found = Done(done.returncode, done.stdout, done.stderr)
    else:
        found = run_here(folder, words, given)
    assert b"Traceback" not in found.stderr + found.stdout, found.stderr.decode()
    assert b"Exception ignored" not in found.stderr
    assert found.returncode == status, (found.stdout, found.stderr)
    return found


class Done(NamedTuple):
    """What a command leaves."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run_here(folder, words, environment):
    """The same in this process, a second faster."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment),
        mock.patch.multiple(sys, argv=["semstego", *words], stdout=out, stderr=err),
        pytest.raises(SystemExit) as done,
    ):
        main()
    return Done(done.value.code, out.buffer.getvalue(), err.buffer.getvalue())


HIDE, SEND = ("hide", "c.png", "m.txt", "-o"), ("send", "c.png", "-o")
REVEAL, RECONSTRUCT = ("reveal", "s.sem"), ("reconstruct", "s.sem", "-o")
PRINTING = (("capacity", "c.png"), ("info", "s.sem"), (*HIDE, "new.sem"), (*REVEAL, "-o", "new"), ("--version",))


# --- standard streams


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [("capacity", "c.png"), ("info", "s.sem"), (*REVEAL,), (*SEND, "-"), (*RECONSTRUCT, "-")]
)
@pytest.mark.parametrize(("shell", "sentence"), [("> /dev/full", "No space left"), (">&-", "closed")])
def test_a_full_or_closed_standard_output_ends_in_a_sentence(here, command, shell, sentence):
    done = run(here, *command, status=1, shell=shell)
    assert done.stderr.count(b"\n") == 1
    assert "semstego: standard output" in done.stderr.decode()
    assert sentence in done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("command", PRINTING)
@pytest.mark.parametrize("shell", ["2>&-", "<&-", "2> /dev/full", "<&- 2>&-"])
def test_other_closed_or_full_streams_change_nothing(here, command, shell):
    plain = run(here, *command).stdout
    for made in ("new.sem", "new"):
        (here / made).unlink(missing_ok=True)
    again = run(here, *command, shell=shell).stdout
    assert again.count(b"\n") == plain.count(b"\n")
    if (here / "new.sem").exists():
        assert semstego.info(here / "new.sem")["codec"] == "cr085"


def test_whoever_reads_only_the_start_hears_no_complaint(here):
    done = subprocess.run(
        ["bash", "-c", f"'{SEMSTEGO}' send c.png -o - | head -c 3"],
        cwd=here,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
@pytest.mark.parametrize(
    "command", [(*REVEAL, "-o", "日本.txt"), ("hide", "日本.png", "m.txt", "-o", "o.sem"), ("info", "日本.sem")]
)
def test_a_narrow_encoding_loses_nothing(here, command, encoding):
    status = 1 if "日本.png" in command or "日本.sem" in command else 0
    done = run(here, *command, status=status, PYTHONIOENCODING=encoding)
    assert rb"\u65e5\u672c" in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "POSIX"}]
)
@pytest.mark.parametrize("command", PRINTING)
def test_a_locale_without_letters_changes_nothing(here, command, locale):
    run(here, *command, **locale)


# --- outputs


def test_standard_output_takes_streams_and_pictures(here):
    stream = run(here, *HIDE, "-").stdout
    assert semstego.reveal(stream, passphrase=WORDS).message == MESSAGE
    assert semstego.info(run(here, *SEND, "-").stdout)["codec"] == "cr085"
    assert run(here, *RECONSTRUCT, "-").stdout == (here / "r.png").read_bytes()
    picture = run(here, *HIDE, "x.sem", "--picture", "-").stdout
    assert semstego.reveal(picture, passphrase=WORDS).message == MESSAGE
    assert not (here / "-").exists()
    run(here, *HIDE, "-", "--picture", "-", status=2)
    run(here, *HIDE, "./-")  # a file of that name can be had
    assert (here / "-").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("command", [(*HIDE, "-", "-q"), (*SEND, "-"), (*RECONSTRUCT, "-"), ("info", "s.sem")])
def test_an_unbuffered_output_that_fills_up_ends_in_a_sentence(here, command):
    """Unbuffered, Python writes what it can and says how much; nobody else looks."""
    limited = f"ulimit -f 0; exec '{SEMSTEGO}' {' '.join(command)} > out"
    done = subprocess.run(
        ["bash", "-c", limited],
        cwd=here,
        capture_output=True,
        env=os.environ | {"SEMSTEGO_PASSPHRASE": WORDS, "PYTHONUNBUFFERED": "1"},
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, b"semstego: standard output: File too large\n")


def test_a_slow_reader_of_an_unbuffered_pipe_that_does_not_block_gets_all(here):
    code = (
        "import os, subprocess, sys, time\n"
        "r, w = os.pipe(); os.set_blocking(w, False)\n"
        "p = subprocess.Popen(sys.argv[1:], stdout=w); os.close(w); time.sleep(2)\n"
        "data = open(r, 'rb').read(); assert p.wait() == 0; sys.stdout.buffer.write(data)"
    )
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)).save(here / "big.png")
    command = [sys.executable, "-c", code, SEMSTEGO, "send", "big.png", "-o", "-"]
    sent = subprocess.run(
        command, cwd=here, capture_output=True, check=True, timeout=60, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert semstego.info(sent.stdout)["height"] == 300  # its length stands in its header


def test_standard_output_has_more_than_one_name(here):
    for name in ("/dev/stdout", "/dev/fd/1"):
        done = run(here, *HIDE, name, shell="| cat")
        assert semstego.reveal(done.stdout, passphrase=WORDS).message == MESSAGE
        assert b"message bytes" in done.stderr


def test_a_terminal_is_spared_what_is_no_text(here):
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [SEMSTEGO, *SEND, "-"], cwd=here, stdout=theirs, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert b"terminal" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        (*HIDE, "s.png"),
        (*HIDE, "S.JPG"),
        (*HIDE, "s.sem", "--picture", "s.jpg"),
        (*HIDE, "s.sem", "--picture", "s2.sem"),
        (*SEND, "s.webp"),
        (*RECONSTRUCT, "s.bmp"),
        (*RECONSTRUCT, "p.jpeg"),
        ("fit-codec", ".", "-o", "w.png"),
        ("audit", "--covers", ".", "--stegos", ".", "-o", "report.png"),
        ("evaluate", "--data", ".", "-o", "x.json", "--sheet", "sheet.svg"),
    ],
)
def test_a_name_that_contradicts_the_content_is_refused_before_anything_is_asked(here, words):
    before = sorted(here.iterdir())
    assert "so name it" in " ".join(
        run(here, *words, "--force", status=2, SEMSTEGO_PASSPHRASE="").stderr.decode().split()
    )
    assert sorted(here.iterdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pipe", "device"])
def test_what_is_no_regular_file_is_never_replaced(here, name):
    if name == "pipe":
        os.mkfifo(here / name)
    else:
        (here / name).symlink_to("/dev/null")
    kind = stat.S_IFMT((here / name).stat().st_mode)
    for command in ((*HIDE, name), (*SEND, name), (*RECONSTRUCT, name), (*REVEAL, "-o", name)):
        shell = "& cat pipe > copy; wait" if name == "pipe" else ""
        done = subprocess.run(
            ["bash", "-c", f'"$0" "$@" --force {shell}', SEMSTEGO, *command],
            cwd=here,
            capture_output=True,
            env=os.environ | {"SEMSTEGO_PASSPHRASE": WORDS},
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert stat.S_IFMT((here / name).stat().st_mode) == kind
        assert name != "pipe" or (here / "copy").stat().st_size > 0


def test_json_errors_are_json_and_statuses_stay(here):
    for words, status, kind in (
        (("capacity", "none.png"), 1, "PictureError"),
        ((*HIDE, "o.sem", "--codec", "none"), 2, "BadParameter"),
        (("reveal", "c.png"), 1, "NothingFoundError"),
        (("info", "c.png", "--frobnicate"), 2, "NoSuchOption"),
    ):
        done = run(here, *words, "--json", status=status)
        assert json.loads(done.stdout)["error"]["type"] == kind
        assert done.stderr == b""
    (here / "long").write_bytes(bytes(9999))
    error = json.loads(run(here, "hide", "c.png", "long", "-o", "o.sem", "--json", status=1).stdout)["error"]
    assert error["needed"] == 9999
    assert 0 < error["available"] < 9999
    done = run(here, "hide", "c.png", "long", "-o", "-", "--json", status=1)
    assert done.stdout == b""
    assert json.loads(done.stderr)["error"]["needed"] == 9999


@pytest.mark.parametrize("words", [("-o-",), ("--output=-",), ("-o", "-"), ("-qo", "-"), ("-o", "/dev/stdout")])
def test_errors_never_go_where_a_stream_belongs(here, words):
    done = run(here, "hide", "c.png", "none", *words, "--json", status=1)
    assert done.stdout == b""
    assert json.loads(done.stderr)["error"]["type"] == "SemstegoError"


@pytest.mark.parametrize("shell", [">&-", "> /dev/full"])
def test_json_errors_find_their_way_where_standard_output_is_none(here, shell):
    done = run(here, "info", "none", "--json", shell=shell, status=1)
    assert json.loads(done.stderr)["error"]["type"] == "StreamError"


@pytest.mark.parametrize(
    "words",
    [
        ("hide", "c.png", "m.txt", "-o", "\x1b[31mx.png"),
        (*REVEAL, "--use-name", "\x1b[31mx"),
        ("info", "a\nsemstego: done"),
        ("capacity", "\x1b[2J"),
        (*HIDE, "o.sem", "--codec", "\x1b[2J"),
        ("reveal", "c.png", "--scheme", "\x9b2J"),
        (*HIDE, "no\nfolder/x"),
    ],
)
def test_errors_print_names_harmlessly(here, words):
    err = run(here, *words, status=2 if words[0] in ("hide", "reveal") and "no\nfolder/x" not in words else 1).stderr
    assert b"\x1b" not in err
    assert "\x9b".encode() not in err
    assert not any(line.startswith(b"semstego: done") for line in err.splitlines())


def test_a_senders_name_is_no_word_of_the_command_line(here):
    (here / "d.sem").write_bytes(semstego.hide(here / "c.png", MESSAGE, passphrase=WORDS, name="-").stream)
    assert MESSAGE not in run(here, "reveal", "d.sem", "--use-name", ".").stdout
    assert (here / "-").read_bytes() == MESSAGE


@pytest.mark.slow
@pytest.mark.parametrize("delay", np.arange(0.02, 1.2, 0.06).round(2).tolist())
def test_an_interruption_is_no_traceback(here, delay):
    """Python itself, which loads `re` before a line of ours is read, says what it likes."""
    process = subprocess.Popen(
        [SEMSTEGO, *HIDE, "new.sem"],
        cwd=here,
        env=os.environ | {"SEMSTEGO_PASSPHRASE": WORDS},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130, -signal.SIGINT) or b"Traceback" in err
    assert str(SOURCES).encode() not in err
    assert not list(here.glob(".semstego-*"))


def test_quiet_commands_print_nothing(here):
    for words in ((*HIDE, "o.sem"), (*REVEAL, "-o", "out")):
        done = run(here, *words, "--quiet", SEMSTEGO_PASSPHRASE="short" if words[0] == "hide" else WORDS)
        assert done.stdout + done.stderr == b""


# --- names that a sender chose


def test_a_senders_name_is_printed_harmlessly_and_used_only_when_asked(here):
    shown = run(here, *REVEAL, "-o", "out").stdout
    assert rb"\x1b[31mX\nmessage bytes 999" in shown
    assert b"\x1b" not in shown
    (here / "folder").mkdir()
    run(here, *REVEAL, "--use-name", "folder")
    (path,) = (here / "folder").iterdir()
    assert path.read_bytes() == MESSAGE
    assert path.name == "_[31mX_message bytes 999"
    run(here, *REVEAL, "--use-name", "folder", status=1)  # never over a file
    path.unlink()
    for make in (lambda: path.symlink_to(here / "victim"), lambda: os.mkfifo(path), path.mkdir):
        make()
        run(here, *REVEAL, "--use-name", "folder", "--force", status=1)
        assert not (here / "victim").exists()
        path.rmdir() if path.is_dir() else path.unlink()
    run(here, *REVEAL, "--use-name", "nowhere", status=2)
    run(here, *REVEAL, "--use-name", "folder", "-o", "out", status=2)


@pytest.mark.parametrize(
    ("given", "carried", "file"),
    [
        ("a/b/c.txt", "c.txt", "c.txt"),
        ("C:\\temp\\c.txt", "c.txt", "c.txt"),
        (".bashrc", ".bashrc", "_bashrc"),
        ("..", None, None),
        ("folder/", None, None),
        ("a\u202etxt.exe", "a\u202etxt.exe", "a_txt.exe"),
        ("a\0b", "a\0b", "a_b"),
    ],
)
def test_only_the_last_component_of_a_name_travels(here, given, carried, file):
    hidden = semstego.hide(here / "c.png", MESSAGE, passphrase=WORDS, name=given)
    assert semstego.reveal(hidden.stream, passphrase=WORDS).name == carried
    (here / "n.sem").write_bytes(hidden.stream)
    (here / "into").mkdir()
    run(here, "reveal", "n.sem", "--use-name", "into", status=0 if file else 1)
    assert [path.name for path in (here / "into").iterdir()] == ([file] if file else [])


# --- passphrases


@pytest.mark.parametrize(
    "content",
    [
        WORDS.encode(),
        b"\xef\xbb\xbf" + WORDS.encode() + b"\r\n",
        WORDS.encode() + b"\rsecond line of an old Mac",
        WORDS.encode("utf-16"),
        b"\xfe\xff" + f"{WORDS}\r\nmore".encode("utf-16-be"),
    ],
)
def test_a_passphrase_file_of_any_editor_is_read(here, content):
    (here / "pw").write_bytes(content)
    run(here, *REVEAL, "-o", "out", "--passphrase-file", "pw", SEMSTEGO_PASSPHRASE="another")


def test_a_passphrase_that_is_no_utf8_is_taken_as_it_is(here):
    odd = b"caf\xe9 and seven words drawn by dice"
    (here / "odd.sem").write_bytes(semstego.hide(here / "c.png", MESSAGE, passphrase=odd).stream)
    (here / "pw").write_bytes(odd + b"\n")
    run(here, "reveal", "odd.sem", "-o", "one", SEMSTEGO_PASSPHRASE=os.fsdecode(odd))
    run(here, "reveal", "odd.sem", "-o", "two", "--passphrase-file", "pw")
    assert semstego.reveal(here / "odd.sem", passphrase=os.fsdecode(odd)).message == MESSAGE


@pytest.mark.parametrize("empty", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
def test_python_and_the_command_line_agree_on_what_is_empty(here, empty):
    (here / "pw").write_bytes(empty)
    done = run(here, *HIDE, "o.sem", "--passphrase-file", "pw", status=1)
    assert b"passphrase is empty" in done.stderr
    with pytest.raises(semstego.SemstegoError, match="empty"):
        semstego.derive_key(empty.rstrip(b"\r\n"))
    with pytest.raises(semstego.SemstegoError, match="empty"):
        semstego.derive_key(empty.rstrip(b"\r\n").decode())


# --- surroundings


@pytest.mark.slow
@pytest.mark.parametrize("command", [*PRINTING, (*SEND, "-"), (*RECONSTRUCT, "-"), ("--help",)])
@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"},
        {"NUMBA_NUM_THREADS": "1"},
        {"NUMBA_CACHE_DIR": "/dev/null/x"},
        {"COLUMNS": "20"},
        {"TERM": "dumb", "NO_COLOR": "1"},
        {"TMPDIR": "/nonexistent"},
    ],
    ids=str,
)
def test_odd_environments_change_nothing(here, command, environment):
    run(here, *command, **environment)


@pytest.mark.parametrize("command", PRINTING[:4])
def test_a_number_of_threads_that_is_none_is_one_sentence(here, command):
    done = run(here, *command, status=1, NUMBA_NUM_THREADS="0")
    assert done.stderr.decode() == "semstego: NUMBA_NUM_THREADS must be a whole number from 1 up, not '0'\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("train", "x.yaml", "--run", "r", "-o", "w"), "train"),
        (("train-codec", "x.yaml", "--run", "r", "-o", "w"), "train"),
        (("train-task", "classification", "x.yaml", "--run", "r", "-o", "w"), "train"),
        (("evaluate", "--data", ".", "--task", "classification"), "train"),
        (("evaluate", "--data", "."), "train"),
        (("evaluate", "learned-100", "--data", "."), "learned"),
        (("fit-codec", ".", "-o", "w", "--task", "x.yaml", "--run", "r"), "train"),
        (("audit", "--covers", ".", "--stegos", "."), "audit"),
        (("hide", "c.png", "m.txt", "-o", "o.sem", "--scheme", "learned"), "learned"),
        (("send", "c.png", "-o", "o.sem", "--codec", "learned-100"), "learned"),
    ],
)
def test_without_an_extra_the_command_says_which(here, words, extra):
    """The libraries of the extras are there, and are hidden from the process by a module of its own."""
    absent = "torch", "lightning_fabric", "joblib", "sealwatch", "matplotlib", "tensorboard"
    (here / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({absent!r}))\n")
    (here / "x.yaml").write_text("{}")
    done = run(here, *words, status=1, PYTHONPATH=os.pathsep.join([str(here), *filter(None, sys.path)]))
    assert f"pip install 'semstego[{extra}]'" in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_the_package_is_a_command(here):
    done = subprocess.run([sys.executable, "-m", "semstego", "--version"], cwd=here, capture_output=True, check=True)
    assert done.stdout.decode() == f"semstego {semstego.__version__}\n"


# --- Python


@pytest.mark.parametrize(
    "call",
    [
        lambda c: semstego.hide(c, b"x", key="a key"),
        lambda c: semstego.hide(c, b"x", key=bytes(32)),
        lambda c: semstego.hide(c, b"x", passphrase=7),
        lambda c: semstego.hide(c, 7, passphrase=WORDS),
        lambda c: semstego.hide(c, "\ud800", passphrase=WORDS),
        lambda c: semstego.hide(c, b"x", passphrase="\ud800"),
        lambda c: semstego.hide(c, b"x", passphrase=WORDS, nonce="12345678"),
        lambda c: semstego.hide(c, b"x", passphrase=WORDS, name=5),
        lambda c: semstego.hide(7, b"x", passphrase=WORDS),
        lambda c: semstego.hide("c\0.png", b"x", passphrase=WORDS),
        lambda c: semstego.hide(c, Path("m\0"), passphrase=WORDS),
        lambda c: semstego.hide(np.zeros((40, 40), np.int64), b"x", passphrase=WORDS),
        lambda c: semstego.reveal(None, passphrase=WORDS),
        lambda c: semstego.reveal("s\0.sem", passphrase=WORDS),
        lambda c: semstego.Key("abc"),
        lambda c: semstego.Key(b""),
        lambda c: semstego.info(7),
        lambda c: semstego.reconstruct(c),
    ],
)
def test_wrong_types_are_one_typed_error(made, call):
    with pytest.raises(semstego.SemstegoError) as refusal:
        call(str(made / "c.png"))
    assert "\n" not in str(refusal.value)


def test_bytes_of_any_kind_serve(made):
    key = semstego.derive_key(bytearray(WORDS.encode()))
    assert key == semstego.derive_key(memoryview(WORDS.encode())) == semstego.derive_key(WORDS)
    cover = bytearray((made / "c.png").read_bytes())
    hidden = semstego.hide(cover, memoryview(MESSAGE), key=key)
    assert semstego.reveal(bytearray(hidden.stream), key=key).message == MESSAGE
    assert semstego.info(memoryview(hidden.stream))["codec"] == "cr085"
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.asmatrix(np.asarray(Image.open(made / "c.png").convert("L")))
    assert semstego.reveal(semstego.hide(matrix, MESSAGE, key=key).picture, key=key).message == MESSAGE


def test_what_hiding_gives_is_short_to_print_and_saved_at_once(made, tmp_path):
    hidden = semstego.hide(made / "c.png", MESSAGE, passphrase=WORDS)
    assert len(repr(hidden)) < 150
    assert "32 bytes by certified in cr085, 72x64 pixels" in repr(hidden)
    hidden.save(tmp_path / "a" / "b")
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["report.json", "stego.png", "stego.sem"]
    assert json.loads((tmp_path / "a" / "b" / "report.json").read_text())["message_bytes"] == 32
    for name in ("stego.sem", "stego.png"):
        assert semstego.reveal(tmp_path / "a" / "b" / name, passphrase=WORDS).message == MESSAGE
    with pytest.raises(semstego.OutputError):
        hidden.save(tmp_path / "a" / "b")
    hidden.save(tmp_path / "a" / "b", force=True)


def test_a_script_without_a_guard_is_told_of_it(made):
    (made / "script.py").write_text(
        "import semstego\nkey = semstego.Key(bytes(32))\n"
        "for one in semstego.hide_many([('c.png', 'a')] * 4, key=key, workers=2):\n    print(one)\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=made, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert "__main__" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("jobs", [["c.png"], [("c.png", b"x", 3)], [3], [("c.png",)]])
def test_jobs_that_are_no_pairs_are_one_typed_error(jobs):
    with pytest.raises(semstego.SemstegoError, match="a cover and its message"):
        list(semstego.hide_many(jobs, key=semstego.Key(bytes(32)), workers=1))


@pytest.mark.parametrize("workers", [1, 2])
def test_results_of_many_come_one_after_the_other(made, workers):
    taken = []

    def jobs():
        for number in range(30):
            taken.append(number)
            yield made / "c.png", b"%d" % number

    key = semstego.derive_key(WORDS)
    results = semstego.hide_many(jobs(), key=key, workers=workers)
    assert taken == []
    assert semstego.reveal(next(results).stream, key=key).message == b"0"
    assert len(taken) < 10  # jobs are taken as the work goes on
    results.close()
    with pytest.raises(semstego.SemstegoError):
        semstego.hide_many([], key="no key")
