"""Images of a team's own: `docker run IMAGE train` and `docker run IMAGE serve`, by the engine of this machine.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
"""
