import { separateAttention } from '../parts/attention';
import type { ConfigReader } from '../configReader';
import type { Family } from '../family';
import { type Backbone, decoderFamily } from '../parts/decoderFamily';
import { expertsOf, gatedExperts, layerExperts } from '../parts/experts';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import type { ModelBuilder } from '../parts/modelBuilder';

type Mlp = (index: number, hidden: number, intermediate: number, bias: boolean) => void;

function backbone(config: ConfigReader, model: ModelBuilder, mlp: Mlp): Backbone {
  const sizes = llamaSizes(config);
  const bias = config.flag('use_bias');
  return llamaFrame(config, model, sizes, (index) => {
    separateAttention(model, 'self_attn', sizes, { bias });
    mlp(index, sizes.hidden, sizes.intermediate, bias);
    model.rmsNorm('input_layernorm', sizes.hidden);
    model.rmsNorm('post_attention_layernorm', sizes.hidden);
  });
}

const dense = decoderFamily({
  modelType: 'ernie4_5',
  className: 'Ernie4_5',
  tasks: [],
  backbone: (config, model) =>
    backbone(config, model, (_index, hidden, width, bias) => gatedMlp(model, 'mlp', hidden, width, { bias })),
});

/** Experts from `moe_layer_start_index` to `moe_layer_end_index`, every `moe_layer_interval`th layer. */
function sparseBackbone(config: ConfigReader, model: ModelBuilder): Backbone {
  const experts = expertsOf(config, 'moe_num_experts', 'moe_k');
  const intermediate = config.size('moe_intermediate_size');
  const shared = config.integer('moe_num_shared_experts') * intermediate;
  const interval = config.size('moe_layer_interval');
  const first = config.integer('moe_layer_start_index');
  const end = config.integer('moe_layer_end_index', { min: -1 });
  const last = end === -1 ? config.layers('num_hidden_layers') - 1 : end;
  return backbone(config, model, (index, hidden, width, bias) => {
    if ((index + 1) % interval !== 0 || index < first || index > last) {
      gatedMlp(model, 'mlp', hidden, width, { bias });
      return;
    }
    model.scope('mlp', () => {
      model.router('gate', hidden, experts.count);
      model.tensor('gate.moe_statics.e_score_correction_bias', [1, experts.count], 'other', 'parameter', {
        dtype: 'f32',
      });
      gatedExperts(model, 'experts', { hidden, intermediate, experts });
      if (shared > 0) gatedMlp(model, 'shared_experts', hidden, shared, { bias });
    });
    layerExperts(model, { hidden, intermediate, experts, shared });
  });
}

const sparse = decoderFamily({
  modelType: 'ernie4_5_moe',
  className: 'Ernie4_5_Moe',
  tasks: [],
  outputBias: (config) => config.flag('use_bias'),
  backbone: sparseBackbone,
});

/** ERNIE 4.5. Source: transformers models/ernie4_5 and ernie4_5_moe. */
export const ernie: Family = { architectures: [...dense.architectures, ...sparse.architectures] };
