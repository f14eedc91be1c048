"""The patches of CloudWatch: alarms, metrics and logs."""

from __future__ import annotations

from local_aws.base.cloudwatch import alarm_history, alarms, log_events, metric_points
from local_aws.base.patch import DOCS, TESTS, Patch, all_of
from local_aws.state.log_store import LogStore
from local_aws.state.metric_store import MetricStore

PATCHES: tuple[Patch, ...] = (
    Patch(
        name="evaluate_alarms",
        replaces=("services.cloudwatch._evaluate_alarm", "services.cloudwatch._describe_alarms"),
        why="Dimensions, single periods and missing data count, and an alarm ends by itself.",
        source=f"{DOCS}/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
        tests=(
            f"{TESTS}/cloudwatch/test_alarms.py::test_only_data_of_its_dimensions_counts",
            f"{TESTS}/cloudwatch/test_alarms.py::test_an_alarm_ends_when_its_data_is_old",
        ),
        apply=lambda _: alarms.evaluate_alarms(),
    ),
    Patch(
        name="store_log_events",
        replaces=all_of(
            "services.cloudwatch_logs",
            "_log_groups",
            "_log_records",
            "_put_log_events",
            "_get_log_events",
            "_filter_log_events",
            "_get_log_record",
            "_describe_log_groups",
            "_describe_log_streams",
            "_append_log_events",
            "_collect_query_records",
        ),
        why="Log events are kept as long as their group says; MiniStack keeps each twice in memory, for good.",
        source=f"{DOCS}/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: log_events.store_log_events(LogStore(parts.telemetry)),
    ),
    Patch(
        name="store_metrics",
        replaces=all_of("services.cloudwatch", "_metrics", "_metric_bucket", "_evict_old_metrics"),
        why="Data points are kept on disk for 15 days; MiniStack keeps them in memory.",
        source=f"{DOCS}/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: metric_points.store_metrics(MetricStore(parts.telemetry)),
    ),
    Patch(
        name="store_alarm_history",
        replaces=("services.cloudwatch._alarm_history", "services.cloudwatch._history_entries"),
        why="An alarm's history is kept on disk for 30 days; MiniStack keeps it in memory, for good.",
        source=f"{DOCS}/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: alarm_history.store_alarm_history(parts.telemetry),
    ),
)
