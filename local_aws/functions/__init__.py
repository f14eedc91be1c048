"""What runs inside the process of a Lambda function."""
