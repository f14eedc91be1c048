"""The container engine of this machine, Docker or Podman, where there is one."""
