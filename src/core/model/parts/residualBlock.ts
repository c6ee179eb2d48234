import type { ModelBuilder } from './modelBuilder';

/** A residual block of two convolutions; `time` is the width of a timestep embedding that is added between them. */
export function residualBlock(
  model: ModelBuilder,
  name: string,
  from: number,
  to: number,
  time: number | null = null,
): void {
  model.scope(name, () => {
    model.layerNorm('norm1', from);
    model.conv('conv1', [to, from, 3, 3], 'other');
    if (time !== null) model.linear('time_emb_proj', time, to, 'other', true);
    model.layerNorm('norm2', to);
    model.conv('conv2', [to, to, 3, 3], 'other');
    if (from !== to) model.conv('conv_shortcut', [to, from, 1, 1], 'other');
  });
}
