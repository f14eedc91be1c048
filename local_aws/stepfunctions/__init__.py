"""Step Functions. Each of its packages imports only itself and those above it in this list.

contracts       executions as records, what the engine is asked for, and errors
definition      the Amazon States Language: its model, its parser, and what is refused
language        paths, expressions, intrinsic functions and the flow of data; values in, values out
tasks           what Task states call, and the datasets and results of distributed Maps
interpreter     what an execution does at a signal, without a thread, a clock or a store
execution       the engine: turns, calls, tokens, map runs and what is stored
registry        state machines, versions, aliases and activities as they are stored; ARNs, names, refusals
operations      the operations of the API
telemetry       logs, events and metrics
state_tests     TestState
cloudformation  the types of resources

`assembly` puts them together for the server, `service` the operations, `targets` starts executions for events, and
`jsonata` loads the library of that name.
"""
