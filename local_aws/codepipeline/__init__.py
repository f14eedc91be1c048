"""CodePipeline, type V2. Each of its packages imports only itself and those above it in this list.

definition  what a pipeline's document contains, and what is refused in it
state       what is stored: records, their tables, and the view on which decisions are based
actions     the providers of actions, and the contract with them
execution   decides what happens next, and carries it out
operations  the operations of the API

`service` puts them together, `targets` starts pipelines for events and pushes, `cloudformation` makes them for stacks.
"""
