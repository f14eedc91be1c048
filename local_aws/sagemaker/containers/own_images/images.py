"""Which images are a team's own: those that lie in the local ECR."""

from __future__ import annotations

from local_aws.ecr.images import Images
from local_aws.engine.find import Engine, NoEngineError, find_engine
from local_aws.sagemaker.containers.registry import UnknownImageError, parse_image
from local_aws.wire import AwsError


class OwnImages:
    """The images of the local ECR, and the engine that runs them."""

    def __init__(self, images: Images | None) -> None:
        """Without `images` there are none."""
        self._images = images
        self._engine: Engine | None = None

    def is_own(self, uri: str) -> bool:
        """Whether an address is that of a repository of the local ECR."""
        try:
            self._repository(uri)
        except (UnknownImageError, AwsError):
            return False
        return True

    def reference(self, uri: str) -> str:
        """The image of an address as `<repository>@<digest>`. Raises UnknownImageError if ECR does not have it."""
        image = parse_image(uri)
        found = self._images.find(image.repository, image.digest or image.tag or "latest") if self._images else None
        if found is None:
            raise UnknownImageError(f"image {uri!r} is not in the repository {image.repository} of the local ECR")
        return f"{image.repository}@{found.digest}"

    def require(self, uri: str) -> None:
        """Raise UnknownImageError for an image that ECR does not have, NoEngineError if nothing here runs it."""
        self.reference(uri)
        self.engine()

    def engine(self) -> Engine:
        """The engine, looked for until it is found. Raises NoEngineError."""
        if self._engine is None:
            self._engine = find_engine()
        return self._engine

    def _repository(self, uri: str) -> None:
        if self._images is None:
            raise UnknownImageError(uri)
        self._images.repository(parse_image(uri).repository)


__all__ = ["NoEngineError", "OwnImages"]
