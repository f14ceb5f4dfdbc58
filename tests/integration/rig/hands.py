"""What hands do: press the same button many times at once, and write in an editor at a terminal."""
import json
import os
import pty
import subprocess
import threading

from rig.front import UnixConnection


def press(house, path, body, key, times):
    """The same POST, so many at once; the answers, all 200."""
    answers, start = [], threading.Barrier(times)

    def one():
        connection = UnixConnection(str(house.config.socket))
        start.wait(20)
        connection.request("POST", "/api/v1/" + path, json.dumps(body), {"Content-Type": "application/json", "Idempotency-Key": key, "Host": "localhost"})
        answer = connection.getresponse()
        answers.append((answer.status, json.loads(answer.read())))
        connection.close()
    hands = [threading.Thread(target=one) for _ in range(times)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(60)
    assert [status for status, _ in answers] == [200] * times, answers
    return [value for _, value in answers]


def at_terminal(house, words, env, timeout=60):
    """`answer WORDS` with a terminal for input: (exit code, everything it said)."""
    answer = house.answer
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run([answer.binary, "--desk", str(house.config.socket), *words.split()], stdin=theirs, capture_output=True, text=True,
                              timeout=timeout, check=False, env={**os.environ, **env})
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout + done.stderr
