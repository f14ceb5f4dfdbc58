-- Backlog told, posts that people found matched. One row, nothing in it.
select answerd.respond_chores()::text
