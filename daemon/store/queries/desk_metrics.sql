-- No parameters. One row: text in the Prometheus format.
select answerd.metrics()
