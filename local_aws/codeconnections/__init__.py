"""CodeConnections: repositories of GitHub, GitLab or Bitbucket, here local git repositories in their place."""
