"""CodeConnections: repositories of GitHub, GitLab or Bitbucket, here local git repositories that stand for them."""
