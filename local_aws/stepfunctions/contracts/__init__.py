"""What the rooms of Step Functions share: executions as records, what the engine is asked for, and errors."""
