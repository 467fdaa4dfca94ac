"""What the line stands on: processes, Kafka as it sees it, memory, processors, disks."""

from ci.monitoring.panels import HERE, Page, Panel, Query, Row, gauge, rate

# Containers of pods that run a part of the line, whatever else is in the namespace.
_CONTAINERS = 'container!="", container!="POD"'

PLATFORM = Page(
    "platform",
    "Alphaline platform",
    "Targets, brokers, processor, memory, restarts and disks. All but brokers are metrics of the platform.",
    [
        Row(
            "Processes",
            [
                Panel(
                    "Targets that answer",
                    "1 while Prometheus can read a target's metrics.",
                    "none",
                    [Query(gauge("up", "job, instance", fold="min"), "{{job}} {{instance}}")],
                ),
                Panel(
                    "Restarts of containers",
                    "Within an hour.",
                    "short",
                    [
                        Query(
                            "sum by (pod, container) (increase(kube_pod_container_status_restarts_total"
                            f"{{{HERE}}}[1h]))",
                            "{{pod}} {{container}}",
                        )
                    ],
                ),
                Panel(
                    "Processor",
                    "Cores in use by pod.",
                    "short",
                    [
                        Query(
                            rate("container_cpu_usage_seconds_total", "pod", _CONTAINERS), "{{pod}}"
                        )
                    ],
                ),
                Panel(
                    "Memory",
                    "Working set by pod.",
                    "bytes",
                    [
                        Query(
                            gauge("container_memory_working_set_bytes", "pod", _CONTAINERS, "sum"),
                            "{{pod}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            "Kafka and disks",
            [
                Panel(
                    "Brokers connected",
                    "By service.",
                    "none",
                    [Query(gauge("line_brokers_connected", "service", fold="min"), "{{service}}")],
                ),
                Panel(
                    "Free space",
                    "Share of each claim that is free; alerts stand at a tenth and at a day ahead.",
                    "percentunit",
                    [
                        Query(
                            "min by (persistentvolumeclaim) (kubelet_volume_stats_available_bytes"
                            f"{{{HERE}}} / kubelet_volume_stats_capacity_bytes{{{HERE}}})",
                            "{{persistentvolumeclaim}}",
                        )
                    ],
                ),
            ],
        ),
    ],
)
