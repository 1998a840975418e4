//! Alertmanager: who is told what, and what is not worth telling beside something else.

use super::GENERATED;

pub(super) fn config() -> String {
    format!(
        r#"{GENERATED}#
# The receivers are placeholders: whoever listens on 127.0.0.1:9095. Put yours in their place, in a copy of this file.
route:
  receiver: ticket
  group_by: [alertname, job, slo]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 12h
  routes:
    # Somebody has to act now.
    - receiver: page
      matchers: ['severity="page"']
      group_wait: 10s
      group_interval: 1m
      repeat_interval: 1h
    # Somebody has to act within days.
    - receiver: ticket
      matchers: ['severity="ticket"']
    # Nobody has to act.
    - receiver: info
      matchers: ['severity="info"']
      # Less than the five days for which Alertmanager remembers whom it told (--data.retention).
      repeat_interval: 4d

inhibit_rules:
  # A target that is down has no other trouble. With no target left, this is about the job as a whole, as is what is
  # aggregated over its instances; with some left, objectives are still judged.
  - source_matchers: ['alertname="TtaTargetDown"']
    target_matchers: ['alertname=~"Tta.+"', 'alertname!="TtaTargetDown"']
    equal: [job, instance]
  # Who is called out for an objective needs no ticket for it.
  - source_matchers: ['severity="page"', 'slo=~".+"']
    target_matchers: ['severity="ticket"', 'slo=~".+"']
    equal: [job, slo, objective]

receivers:
  - name: page
    webhook_configs:
      - url: http://127.0.0.1:9095/page
        send_resolved: true
  - name: ticket
    webhook_configs:
      - url: http://127.0.0.1:9095/ticket
        send_resolved: true
  - name: info
    webhook_configs:
      - url: http://127.0.0.1:9095/info
        send_resolved: false
"#
    )
}
