{{/* Components that run, in the order of the flow, with the port of their metrics. */}}
{{- define "alphaline.components" -}}
{{- if .Values.marketData.enabled }}
market-data: 9101
{{- end }}
feature-streaming: 9102
{{- if .Values.lakeSink.enabled }}
lake-sink: 9103
{{- end }}
{{- if .Values.featureSink.enabled }}
feature-sink: 9104
{{- end }}
signal-generation: 9105
risk-management: 9106
paper-trading: 9107
{{- if .Values.gateway.enabled }}
gateway: 9108
{{- end }}
{{- if ne .Values.modelServing.mode "inProcess" }}
model-serving: 9122
{{- end }}
{{- end -}}

{{/* Calls from one component to another, besides Kafka. */}}
{{- define "alphaline.arrows" -}}
arrows:
  {{- if ne .Values.modelServing.mode "inProcess" }}
  - {from: signal-generation, to: model-serving, port: 9121}
  {{- end }}
  - {from: signal-generation, to: risk-management, port: 9110}
  {{- if .Values.gateway.enabled }}
  - {from: gateway, to: risk-management, port: 9110}
  {{- end }}
{{- end -}}
