"""Commands, with an environment of their own."""
import subprocess

ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "DEBIAN_FRONTEND": "noninteractive"}


def call(*command, timeout=600, **more):
    """(exit code, all that it said)"""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL, env=ENV, **more)
    return done.returncode, done.stdout + done.stderr


def must(*command, **more):
    code, output = call(*command, **more)
    assert code == 0, f"{command}: {output[-3000:]}"
    return output
