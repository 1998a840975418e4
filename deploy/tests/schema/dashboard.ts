// The form of the dashboards that are generated, out of Grafana's own types.
import type * as grafana from '@grafana/schema';
import type * as heatmap from './node_modules/@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type * as stat from './node_modules/@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as states from './node_modules/@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from './node_modules/@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as lines from './node_modules/@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** `T` as JSON writes it: the values of an enum are texts or numbers. */
type Json<T> = unknown extends T ? any
  : T extends string ? `${T}`
  : T extends number ? number
  : T extends boolean | null | undefined ? T
  : T extends Array<infer Item> ? Json<Item>[]
  : { [Key in keyof T]: Json<T[Key]> };

/** The same of what Grafana completes with its defaults. */
type Partly<T> = unknown extends T ? any
  : T extends string ? `${T}`
  : T extends number ? number
  : T extends boolean | null | undefined ? T
  : T extends Array<infer Item> ? Partly<Item>[]
  : { [Key in keyof T]?: Partly<T[Key]> };

/** A query to Prometheus, by the types of its plugin. */
type Target = Json<grafana.DataQuery> & {
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  expr: string;
  legendFormat: string;
  instant: boolean;
  range: boolean;
  exemplar?: boolean;
  format?: 'table' | 'heatmap' | 'time_series';
};

type DataLink = { title: string; url: string; targetBlank: boolean };

type Panel<Type extends string, Options, Custom> =
  Omit<Json<grafana.Panel>, 'type' | 'options' | 'fieldConfig' | 'targets' | 'transformations'> & {
    id: number;
    type: Type;
    title: string;
    description: string;
    gridPos: Json<grafana.GridPos>;
    targets: Target[];
    transformations?: { id: string; options: object }[];
    options: Partly<Options>;
    fieldConfig: {
      defaults: Omit<Json<grafana.FieldConfig>, 'custom' | 'links'> & { unit: string; custom: Partly<Custom>; links: DataLink[] };
      overrides: { matcher: { id: string; options?: string }; properties: { id: string; value?: unknown }[] }[];
    };
  };

/** What Prometheus' plugin reads of an annotation, besides what all have. */
type Annotation = Json<Pick<grafana.AnnotationQuery, 'name' | 'enable' | 'iconColor'>> & {
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  expr: string;
  step: string;
  titleFormat: string;
  textFormat: string;
  tagKeys: string;
  useValueForTime: boolean;
};

/** `definition` is what the list of variables shows of a query. */
type Variable = Omit<Json<grafana.VariableModel>, 'current'> & {
  current: Json<grafana.VariableModel['current']> | Record<string, never>;
  definition?: string;
};

export type Dashboard = Omit<Json<grafana.Dashboard>, 'panels' | 'annotations' | 'templating'> & {
  panels: (
    | Json<grafana.RowPanel>
    | Panel<'timeseries', lines.Options, lines.FieldConfig>
    | Panel<'state-timeline', states.Options, states.FieldConfig>
    | Panel<'stat', stat.Options, object>
    | Panel<'table', table.Options, table.FieldConfig>
    | Panel<'heatmap', heatmap.Options, heatmap.FieldConfig>
  )[];
  annotations: { list: Annotation[] };
  templating: { list: Variable[] };
};
