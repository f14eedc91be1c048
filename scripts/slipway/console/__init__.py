"""The console: pages that show an installation, on AWS or in local AWS, and take what a person decides.

A client of the AWS API like any other verb: it shows nothing that the API does not.
"""
