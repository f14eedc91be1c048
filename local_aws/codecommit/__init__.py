"""CodeCommit: bare git repositories behind the CodeCommit API and git's smart HTTP."""
