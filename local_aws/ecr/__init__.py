"""ECR of local AWS: repositories and their images, and the registry that Docker and Podman push to and pull from.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
"""
