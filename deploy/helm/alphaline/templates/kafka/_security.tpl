{{/* How clients and brokers prove themselves to each other: plaintext, tls or scram. */}}
{{- define "alphaline.kafkaProof" -}}
{{- if eq .Values.kafka.mode "existing" -}}{{ .Values.kafka.existing.security.by }}
{{- else if eq .Values.kafka.mode "strimzi" -}}{{ .Values.kafka.strimzi.security }}
{{- else -}}plaintext{{- end -}}
{{- end -}}

{{/* Variables of every client of Kafka. */}}
{{- define "alphaline.kafkaVariables" -}}
{{- $proof := include "alphaline.kafkaProof" . -}}
{{- $security := .Values.kafka.existing.security -}}
{{- if ne $proof "plaintext" -}}
- {name: KAFKA_SECURITY_PROTOCOL, value: {{ ternary "SSL" "SASL_SSL" (eq $proof "tls") }}}
- {name: KAFKA_SSL_CA_LOCATION, value: /etc/alphaline/kafka-ca/ca.crt}
{{- if eq $proof "tls" }}
- {name: KAFKA_SSL_CERTIFICATE_LOCATION, value: /etc/alphaline/kafka-user/user.crt}
- {name: KAFKA_SSL_KEY_LOCATION, value: /etc/alphaline/kafka-user/user.key}
{{- else }}
- {name: KAFKA_SASL_MECHANISM, value: SCRAM-SHA-512}
- {name: KAFKA_SASL_USERNAME, valueFrom: {secretKeyRef: {name: {{ $security.userSecret }}, key: {{ $security.usernameItem | quote }}}}}
- {name: KAFKA_SASL_PASSWORD, valueFrom: {secretKeyRef: {name: {{ $security.userSecret }}, key: {{ $security.passwordItem | quote }}}}}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Whether a component has files of Kafka's certificates; arguments: root, component. */}}
{{- define "alphaline.holdsKafkaFiles" -}}
{{- $isClient := has .component (include "alphaline.kafkaClients" .root | fromJsonArray) -}}
{{- if and $isClient (ne (include "alphaline.kafkaProof" .root) "plaintext") -}}yes{{- end -}}
{{- end -}}

{{- define "alphaline.kafkaMounts" -}}
{{- if include "alphaline.holdsKafkaFiles" . -}}
- {name: kafka-ca, mountPath: /etc/alphaline/kafka-ca, readOnly: true}
{{- if eq (include "alphaline.kafkaProof" .root) "tls" }}
- {name: kafka-user, mountPath: /etc/alphaline/kafka-user, readOnly: true}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "alphaline.kafkaVolumes" -}}
{{- if include "alphaline.holdsKafkaFiles" . -}}
{{- $security := .root.Values.kafka.existing.security -}}
{{- $name := include "alphaline.fullname" .root -}}
{{- $strimzi := eq .root.Values.kafka.mode "strimzi" -}}
- name: kafka-ca
  secret:
    secretName: {{ ternary (printf "%s-cluster-ca-cert" $name) $security.caSecret $strimzi }}
    items:
      - {key: {{ ternary "ca.crt" $security.caItem $strimzi | quote }}, path: ca.crt}
{{- if eq (include "alphaline.kafkaProof" .root) "tls" }}
- name: kafka-user
  secret:
    secretName: {{ ternary (printf "%s-%s" $name .component) $security.clientSecret $strimzi }}
    defaultMode: 0440
    items:
      - {key: {{ ternary "user.crt" $security.certificateItem $strimzi | quote }}, path: user.crt}
      - {key: {{ ternary "user.key" $security.keyItem $strimzi | quote }}, path: user.key}
{{- end }}
{{- end -}}
{{- end -}}
