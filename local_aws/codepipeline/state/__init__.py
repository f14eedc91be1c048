"""CodePipeline's stored state."""
