"""Which GPU instances XGBoost's image can use, by its version, and which hyperparameters use them.

Families and what Dask needs: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html, "EC2 instance
recommendation"; of 1.2-1 an earlier state of that page. XGBoost removed gpu_hist before 3.2, whose image finds the GPU:
https://github.com/dmlc/xgboost/pull/11549, https://github.com/aws/sagemaker-xgboost-container/pull/481.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_lambdas.algorithms.algorithm import Gpus, Hyperparameters

_WITHOUT_P2, _WITHOUT_GPU_HIST = (1, 7), (3, 2)


def families(version: str) -> tuple[str, ...]:
    if version == "1.2-1":
        return ("p2", "p3")
    return ("p3", "g4dn", "g5") if _numbers(version) >= _WITHOUT_P2 else ("p2", "p3", "g4dn", "g5")


def problems(values: Hyperparameters, version: str, *, on_gpu: bool, sharded: bool) -> list[tuple[str, str]]:
    found = [("tree_method", text) for text in _of_method(values.get("tree_method", "auto"), version, on_gpu=on_gpu)]
    if values.get("use_dask_gpu_training") == "true":
        if not on_gpu:
            found.append(("use_dask_gpu_training", "found true with an instance without a GPU; expected false"))
        elif sharded:
            found.append(("use_dask_gpu_training", "found true with training.distribution sharded; expected false"))
    return found


def _of_method(method: str, version: str, *, on_gpu: bool) -> Iterator[str]:
    wanted = "hist" if _numbers(version) >= _WITHOUT_GPU_HIST else "gpu_hist"
    if method == "gpu_hist" != wanted:
        yield f"found gpu_hist, which {version} no longer has; expected hist, for a GPU too"
    elif on_gpu and method != wanted:
        yield f"found {method}, which leaves the instance's GPU idle; expected {wanted} in version {version}"
    elif method == "gpu_hist" and not on_gpu:
        yield "found gpu_hist with an instance without a GPU; expected hist, or another training.instance_type"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.partition("-")[0].split(".")))


GPUS = Gpus(families, problems)
