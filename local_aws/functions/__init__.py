"""The code that runs inside the process of a Lambda function."""
