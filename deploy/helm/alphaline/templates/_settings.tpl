{{/* Settings that every service of the line has; arguments: root, metricsPort, dataRoot. */}}
{{- define "alphaline.lineSettings" -}}
- {name: KAFKA_BOOTSTRAP_SERVERS, value: {{ include "alphaline.kafka" .root | quote }}}
{{- with include "alphaline.kafkaVariables" .root }}
{{ . }}
{{- end }}
- {name: ALPHALINE_TOPIC_PREFIX, value: {{ .root.Values.topicPrefix | quote }}}
- {name: ALPHALINE_PARTITION_COUNT, value: {{ int64 .root.Values.kafka.partitions | quote }}}
- {name: ALPHALINE_DATA_ROOT, value: {{ .dataRoot }}}
- {name: ALPHALINE_REFERENCE_ROOT, value: {{ .root.Values.reference.path | quote }}}
- {name: ALPHALINE_CLOCK_MODE, value: {{ .root.Values.clockMode }}}
- {name: ALPHALINE_REPLAY_INSTRUMENT, value: {{ .root.Values.replayInstrument | quote }}}
- {name: ALPHALINE_METRICS_HOST, value: 0.0.0.0}
- {name: ALPHALINE_METRICS_PORT, value: {{ .metricsPort | quote }}}
{{- end -}}

{{/* A component's own settings: `snapshotMinutes` is ALPHALINE_SNAPSHOT_MINUTES. */}}
{{- define "alphaline.ownSettings" -}}
{{- range $name, $value := . }}
- {name: ALPHALINE_{{ $name | snakecase | upper }}, value: {{ include "alphaline.scalar" $value | quote }}}
{{- end }}
{{- end -}}

{{/* Helm reads numbers as floats and would write 50000000 as 5e+07. */}}
{{- define "alphaline.scalar" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{- define "alphaline.strategyFiles" -}}
{{- range $i, $name := .Values.strategies.names }}{{ if $i }},{{ end }}/etc/alphaline/strategies/{{ $name }}.yaml{{ end -}}
{{- end -}}

{{/* Partitions of one of so many workers; arguments: worker, workers, partitions. */}}
{{- define "alphaline.shareOfPartitions" -}}
{{- if eq (int .workers) 1 -}}all{{- else -}}
{{- $own := list -}}
{{- range $partition := until (int .partitions) -}}
{{- if eq (mod $partition (int $.workers)) (int64 $.worker) -}}{{- $own = append $own (toString $partition) -}}{{- end -}}
{{- end -}}
{{- join "," $own -}}
{{- end -}}
{{- end -}}
