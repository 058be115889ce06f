// Draws one dashboard: its JSON and the answers of Prometheus come in, panels of @grafana/ui go out.
import {
  applyFieldOverrides,
  createTheme,
  dateTime,
  FieldColorModeId,
  FieldConfigOptionsRegistry,
  FieldType,
  getDisplayProcessor,
  getDisplayValueAlignmentFactors,
  identityOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import {
  BarGauge,
  BigValue,
  GlobalStyles,
  PanelChrome,
  Table,
  ThemeContext,
  TimeSeries,
  VizRepeater,
} from '@grafana/ui';
// What Grafana writes in; labels are measured in it.
import '@fontsource/inter/latin-400.css';
import '@fontsource/inter/latin-500.css';
import 'uplot/dist/uPlot.min.css';
import { createRoot } from 'react-dom/client';
import { firstValueFrom } from 'rxjs';

const WIDTH = 1256;
const UNIT_HEIGHT = 36;
const theme = createTheme({ colors: { mode: 'dark' } });

const { mergeTransformer, organizeFieldsTransformer } = standardTransformers;
standardTransformersRegistry.setInit(() =>
  [mergeTransformer, organizeFieldsTransformer].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
  }))
);

// The properties that the tables override.
const property = (id, path, isCustom) => ({
  id,
  path,
  isCustom,
  name: id,
  process: identityOverrideProcessor,
  shouldApply: () => true,
  getItemsCount: () => 0,
});
const registry = new FieldConfigOptionsRegistry(() => [
  property('unit', 'unit', false),
  property('custom.width', 'width', true),
]);

function named(legend, labels) {
  return legend ? legend.replace(/{{(\w+)}}/g, (_, label) => labels[label] ?? '') : 'Value';
}

function numberOf(text) {
  const value = Number(text.replace('Inf', 'Infinity'));
  return Number.isFinite(value) ? value : null;
}

function framesOf(panel, answers) {
  return panel.targets.flatMap((target, index) =>
    target.format === 'table'
      ? [tableOf(target, answers[index])]
      : answers[index].map((series) => seriesOf(panel, target, series))
  );
}

function seriesOf(panel, target, { metric, values, value }) {
  const points = values ?? [value];
  const name = named(target.legendFormat, metric);
  const color = { mode: FieldColorModeId.PaletteClassicByName };
  const config = { ...panel.fieldConfig.defaults, displayName: name };
  if (panel.type === 'timeseries') {
    config.color = color;
  } else {
    config.color = { mode: FieldColorModeId.Thresholds };
  }
  return {
    refId: target.refId,
    length: points.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: points.map(([time]) => time * 1000) },
      {
        name,
        type: FieldType.number,
        config,
        labels: {},
        values: points.map(([, text]) => numberOf(text)),
      },
    ],
  };
}

function tableOf(target, samples) {
  const labels = Object.keys(samples[0]?.metric ?? {});
  return {
    refId: target.refId,
    length: samples.length,
    fields: [
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        config: {},
        values: samples.map(({ metric }) => metric[label]),
      })),
      {
        name: `Value #${target.refId}`,
        type: FieldType.number,
        config: {},
        values: samples.map(({ value }) => numberOf(value[1])),
      },
    ],
  };
}

async function prepared(panel, answers) {
  const frames = framesOf(panel, answers).filter((frame) => frame.length);
  const data = await firstValueFrom(
    transformDataFrame(panel.transformations ?? [], frames, { interpolate: (text) => text })
  );
  return applyFieldOverrides({
    data,
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
  });
}

// Prometheus leaves out moments without a value; TimeSeries wants the same moments of all series.
function onSameMoments(frames, { from, to, step }) {
  const count = Math.round((to - from) / (step * 1000)) + 1;
  const times = Array.from({ length: count }, (_, index) => from + index * step * 1000);
  return frames.map((frame) => {
    const [time, value] = frame.fields;
    const values = new Array(count).fill(null);
    time.values.forEach((moment, index) => {
      values[Math.round((moment - from) / (step * 1000))] = value.values[index];
    });
    const fields = [{ ...time, values: times }, { ...value, values }];
    return { ...frame, length: count, fields };
  });
}

const DRAW = {
  timeseries: ({ panel, frames, range, width, height }) => (
    <TimeSeries
      frames={onSameMoments(frames, range)}
      structureRev={1}
      timeRange={{ from: dateTime(range.from), to: dateTime(range.to), raw: range }}
      timeZone="utc"
      width={width}
      height={height}
      legend={{ ...panel.options.legend, calcs: [], displayMode: 'list' }}
      options={{}}
    />
  ),
  stat: ({ panel, frames, width, height }) => {
    const field = frames[0]?.fields[1];
    const shown = field?.values.at(-1);
    const value =
      shown == null
        ? { text: panel.fieldConfig.defaults.noValue, numeric: NaN, color: theme.colors.text.primary }
        : getDisplayProcessor({ field, theme })(shown);
    return (
      <BigValue
        theme={theme}
        value={value}
        width={width}
        height={height}
        colorMode="value"
        text={{ valueSize: 34 }}
      />
    );
  },
  bargauge: ({ panel, frames, width, height }) => {
    const bars = frames.map(({ fields: [, field] }) => {
      const display = getDisplayProcessor({ field, theme });
      const number = field.values.at(-1);
      return { display, value: { ...display(number), title: field.config.displayName } };
    });
    const most = Math.max(...bars.map(({ value }) => value.numeric));
    return (
      <VizRepeater
        source={bars}
        getValues={() => bars}
        getAlignmentFactors={(shown) =>
          getDisplayValueAlignmentFactors(shown.map(({ value }) => ({ display: value })))
        }
        width={width}
        height={height}
        orientation="horizontal"
        itemSpacing={6}
        minVizHeight={16}
        maxVizHeight={44}
        renderValue={({ value: { display, value }, width, height, alignmentFactors }) => (
          <BarGauge
            theme={theme}
            value={value}
            alignmentFactors={alignmentFactors}
            field={{ min: 0, max: most || 1, ...panel.fieldConfig.defaults }}
            display={display}
            width={width}
            height={height}
            orientation="horizontal"
            displayMode="basic"
            namePlacement="left"
            showUnfilled
            text={{ titleSize: 12, valueSize: 13 }}
          />
        )}
      />
    );
  },
  table: ({ panel, frames, width, height }) => (
    <Table
      data={frames[0]}
      width={width}
      height={height}
      columnMinWidth={panel.fieldConfig.defaults.custom.minWidth}
      cellHeight="sm"
      initialSortBy={panel.options.sortBy}
    />
  ),
};

function NoData({ panel }) {
  return <>{panel.fieldConfig.defaults.noValue ?? 'No data'}</>;
}

function Panel({ panel, top, frames, range }) {
  const { x, y, w, h } = panel.gridPos;
  const place = {
    left: (x * WIDTH) / 24,
    top: (y - top) * UNIT_HEIGHT,
    width: (w * WIDTH) / 24,
    height: h * UNIT_HEIGHT,
  };
  if (panel.type === 'row') {
    return (
      <div className="section" style={place}>
        {panel.title}
      </div>
    );
  }
  const Draw = frames.length || panel.type === 'stat' ? DRAW[panel.type] : NoData;
  return (
    <div style={place}>
      <PanelChrome title={panel.title} width={place.width - 6} height={place.height - 6}>
        {(width, height) => (
          <Draw panel={panel} frames={frames} range={range} width={width} height={height} />
        )}
      </PanelChrome>
    </div>
  );
}

window.draw = async ({ dashboard, answers, range, about }) => {
  await Promise.all(['400', '500'].map((weight) => document.fonts.load(`${weight} 12px Inter`)));
  const frames = await Promise.all(
    dashboard.panels.map((panel) => (panel.targets ? prepared(panel, answers[panel.id]) : []))
  );
  const top = Math.min(...dashboard.panels.map(({ gridPos }) => gridPos.y));
  const height = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) - top;
  createRoot(document.getElementById('page')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <h1>{dashboard.title}</h1>
      <div className="about">{about}</div>
      <div className="grid" style={{ height: height * UNIT_HEIGHT }}>
        {dashboard.panels.map((panel, index) => (
          <Panel key={panel.id} panel={panel} top={top} frames={frames[index]} range={range} />
        ))}
      </div>
    </ThemeContext.Provider>
  );
};
