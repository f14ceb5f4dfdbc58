-- No parameters. One row: JSON text, see answerd.listening().
select answerd.listening()::text
