"""How the toolkits report that a script's container failed.

https://github.com/aws/sagemaker-containers, _errors.py and _trainer.py;
https://github.com/aws/sagemaker-training-toolkit, errors.py and trainer.py
"""

from __future__ import annotations


class ClientError(Exception):
    """The customer's fault; the message is the text of /opt/ml/output/failure."""


class CommandError(ClientError):
    """A command of the container failed."""

    def __init__(self, kind: str, command: list[str], exit_code: int, output: str = "", *, legacy: bool) -> None:
        """`kind` is the name of the toolkit's error; `output` what it quotes of the command's."""
        shown = " ".join(command)
        if legacy:
            text = f'{kind}:\nCommand "{shown}"' + (f"\n{output}" if output else "")
        else:
            extra = 'ExtraInfo "OutOfMemory: Process killed by SIGKILL (signal 9)"\n' if exit_code == _OOM else ""
            text = f'{kind}:\nExitCode {exit_code}\nErrorMessage "{output}"\n{extra}Command "{shown}"'
        super().__init__(text)


_OOM = 137


def framework_error(error: BaseException) -> str:
    """The failure text for anything else. The toolkits put the whole traceback before the message.

    Here the traceback is in the log only, so that the message is within the 1,024 characters of FailureReason.
    """
    text = str(error) if isinstance(error, ClientError) else f"{type(error).__name__}: {error}"
    return f"framework error: \n{text}"
