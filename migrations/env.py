"""Runs the numbered versions on the connection that `hub.migrate` opens and locks."""

from alembic import context

from hub.migrate import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
