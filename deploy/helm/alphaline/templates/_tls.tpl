{{/* The Secret of a component's certificate, empty where it has none; arguments: root, component. */}}
{{- define "alphaline.tlsSecret" -}}
{{- $tls := .root.Values.tls -}}
{{- $keys := dict "signal-generation" "signalGeneration" "risk-management" "riskManagement" "gateway" "gateway" -}}
{{- if and (ne $tls.by "none") (hasKey $keys .component) -}}
{{- if eq $tls.by "existing" -}}{{- index $tls.existing (index $keys .component) -}}
{{- else -}}{{- printf "%s-%s-tls" (include "alphaline.fullname" .root) .component -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "alphaline.tlsVariables" -}}
{{- if include "alphaline.tlsSecret" . -}}
- {name: ALPHALINE_TLS_CA, value: /etc/alphaline/tls/ca.crt}
- {name: ALPHALINE_TLS_CERTIFICATE, value: /etc/alphaline/tls/tls.crt}
- {name: ALPHALINE_TLS_KEY, value: /etc/alphaline/tls/tls.key}
{{- end -}}
{{- end -}}

{{- define "alphaline.tlsMount" -}}
{{- if include "alphaline.tlsSecret" . -}}
- {name: tls, mountPath: /etc/alphaline/tls, readOnly: true}
{{- end -}}
{{- end -}}

{{/* The folder as a whole: a renewed certificate comes in while the pod runs. */}}
{{- define "alphaline.tlsVolume" -}}
{{- with include "alphaline.tlsSecret" . -}}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end -}}
{{- end -}}
