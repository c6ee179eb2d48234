import type { Family } from '../family';
import { fusedAttention } from '../parts/attention';
import { decoderFamily } from '../parts/decoderFamily';
import { llamaFrame, llamaSizes } from '../parts/llamaShape';
import { gatedMlp } from '../parts/mlp';
import { publishedCode } from '../parts/publishedCode';

/** Llama with q, k and v in one matrix. The first release wrote its name with a capital C. */
function classes(className: string): Family {
  return decoderFamily({
    modelType: 'baichuan',
    className,
    tasks: [],
    backbone(config, model) {
      const sizes = llamaSizes(config);
      const { hidden } = sizes;
      return llamaFrame(config, model, sizes, () => {
        fusedAttention(model, 'self_attn', sizes, { names: ['W_pack', 'o_proj'] });
        gatedMlp(model, 'mlp', hidden, sizes.intermediate);
        model.rmsNorm('input_layernorm', hidden);
        model.rmsNorm('post_attention_layernorm', hidden);
      });
    },
  });
}

/** Baichuan 1 and 2. Names after the published modeling_baichuan.py and the index of Baichuan2-7B. */
export const baichuan = publishedCode('modeling_baichuan.py', {
  architectures: [...classes('Baichuan').architectures, ...classes('BaiChuan').architectures],
});
