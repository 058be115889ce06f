"""The Grafana dashboards: what each shows, from which the JSON files beside it are made."""
