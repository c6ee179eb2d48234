import type { Family } from '../family';
import { albert } from './albert';
import { arcee } from './arcee';
import { auraFlow } from './auraFlow';
import { autoencoderDc } from './autoencoderDc';
import { autoencoderHunyuan } from './autoencoderHunyuan';
import { autoencoderKl } from './autoencoderKl';
import { autoencoderLtx } from './autoencoderLtx';
import { autoencoderMochi } from './autoencoderMochi';
import { autoencoderTiny } from './autoencoderTiny';
import { autoencoderVideo } from './autoencoderVideo';
import { autoencoderWan } from './autoencoderWan';
import { baichuan } from './baichuan';
import { bamba } from './bamba';
import { bart, m2m100, marian, mbart, pegasus } from './bart';
import { bert } from './bert';
import { bloom } from './bloom';
import { chatglm } from './chatglm';
import { clip } from './clip';
import { cogVideoX } from './cogVideoX';
import { cogView4 } from './cogView4';
import { cohere } from './cohere';
import { convnext, convnextv2 } from './convnext';
import { cosmos } from './cosmos';
import { dbrx } from './dbrx';
import { debertaV2 } from './debertaV2';
import { deepseek } from './deepseek';
import { deepseekV4 } from './deepseekV4';
import { diffusionTransformers } from './diffusionTransformers';
import { dinov2, dinov2WithRegisters } from './dinov2';
import { dinov3 } from './dinov3';
import { distilbert } from './distilbert';
import { electra } from './electra';
import { ernie } from './ernie';
import { exaone } from './exaone';
import { exaone4 } from './exaone4';
import { falcon } from './falcon';
import { falconH1 } from './falconH1';
import { falconPerception } from './falconPerception';
import { flux2 } from './flux2';
import { gemma } from './gemma';
import { gemma2 } from './gemma2';
import { gemma3 } from './gemma3';
import { gemma3n } from './gemma3n';
import { gemma4 } from './gemma4';
import { glm } from './glm';
import { glm4Moe } from './glm4Moe';
import { gpt2 } from './gpt2';
import { gptBigcode } from './gptBigcode';
import { gptj } from './gptj';
import { gptNeo } from './gptNeo';
import { gptNeox } from './gptNeox';
import { gptOss } from './gptOss';
import { granite } from './granite';
import { granitemoe } from './granitemoe';
import { granitemoehybrid, granitemoeshared } from './granitemoehybrid';
import { gteNew } from './gteNew';
import { hiDream } from './hiDream';
import { hunyuanDense, hunyuanMoe } from './hunyuan';
import { hunyuanDit } from './hunyuanDit';
import { hunyuanVideo } from './hunyuanVideo';
import { internlm2 } from './internlm2';
import { internvl } from './internvl';
import { internvlChat } from './internvlChat';
import { jamba } from './jamba';
import { kandinsky5 } from './kandinsky5';
import { kimiK3 } from './kimiK3';
import { kimiLinear } from './kimiLinear';
import { lfm2, lfm2Moe } from './lfm2';
import { llama } from './llama';
import { llama4 } from './llama4';
import { idefics3, llava, llavaNext, llavaOnevision, mistral3, paligemma, smolvlm } from './llava';
import { ltxVideo } from './ltxVideo';
import { falconMamba, mamba } from './mamba';
import { mamba2 } from './mamba2';
import { mimoV2Flash } from './mimoV2Flash';
import { minicpm } from './minicpm';
import { minimax } from './minimax';
import { minimaxM2 } from './minimaxM2';
import { ministral } from './ministral';
import { ministral3 } from './ministral3';
import { mistral } from './mistral';
import { mixtral } from './mixtral';
import { mllama } from './mllama';
import { mochi } from './mochi';
import { modernbert } from './modernbert';
import { molmo } from './molmo';
import { mpnet } from './mpnet';
import { mpt } from './mpt';
import { nemotron } from './nemotron';
import { nemotronH } from './nemotronH';
import { nemotronNas } from './nemotronNas';
import { nomicBert } from './nomicBert';
import { olmo } from './olmo';
import { olmo2 } from './olmo2';
import { olmo3 } from './olmo3';
import { olmoe } from './olmoe';
import { opt } from './opt';
import { phi } from './phi';
import { phi3 } from './phi3';
import { phimoe } from './phimoe';
import { pixartSana } from './pixartSana';
import { pixtral } from './pixtral';
import { qwen1 } from './qwen1';
import { qwen2 } from './qwen2';
import { qwen2Audio } from './qwen2Audio';
import { qwen2Moe } from './qwen2Moe';
import { qwen3 } from './qwen3';
import { qwen35, qwen35Moe } from './qwen35';
import { qwen3Moe } from './qwen3Moe';
import { qwen3Next } from './qwen3Next';
import { qwenImage } from './qwenImage';
import { qwen25Vl, qwen2Vl, qwen3Vl, qwen3VlMoe } from './qwenVl';
import { recurrentGemma } from './recurrentGemma';
import { roberta } from './roberta';
import { rwkv } from './rwkv';
import { sam } from './sam';
import { seedOss } from './seedOss';
import { siglip, siglip2 } from './siglip';
import { smollm3 } from './smollm3';
import { stablelm } from './stablelm';
import { starcoder2 } from './starcoder2';
import { swin } from './swin';
import { mt5, t5, umt5 } from './t5';
import { unet2d } from './unet2d';
import { unet2dCondition } from './unet2dCondition';
import { deit, vit } from './vit';
import { wanVideo } from './wanVideo';
import { hubert, wav2vec2 } from './wav2vec2';
import { whisper } from './whisper';
import { zamba2 } from './zamba2';
import { zImage } from './zImage';

/** Every family that a config can be read as. A new family is one file here and one line. */
export const families: readonly Family[] = [
  albert,
  arcee,
  auraFlow,
  autoencoderDc,
  autoencoderHunyuan,
  autoencoderKl,
  autoencoderLtx,
  autoencoderMochi,
  autoencoderTiny,
  autoencoderVideo,
  autoencoderWan,
  baichuan,
  bamba,
  bart,
  bert,
  bloom,
  chatglm,
  clip,
  cogVideoX,
  cogView4,
  cohere,
  convnext,
  convnextv2,
  cosmos,
  dbrx,
  debertaV2,
  deepseek,
  deepseekV4,
  deit,
  diffusionTransformers,
  dinov2,
  dinov2WithRegisters,
  dinov3,
  distilbert,
  electra,
  ernie,
  exaone,
  exaone4,
  falcon,
  falconH1,
  falconMamba,
  falconPerception,
  flux2,
  gemma,
  gemma2,
  gemma3,
  gemma3n,
  gemma4,
  glm,
  glm4Moe,
  gpt2,
  gptBigcode,
  gptj,
  gptNeo,
  gptNeox,
  gptOss,
  granite,
  granitemoe,
  granitemoehybrid,
  granitemoeshared,
  gteNew,
  hiDream,
  hubert,
  hunyuanDense,
  hunyuanDit,
  hunyuanMoe,
  hunyuanVideo,
  idefics3,
  internlm2,
  internvl,
  internvlChat,
  jamba,
  kandinsky5,
  kimiK3,
  kimiLinear,
  lfm2,
  lfm2Moe,
  llama,
  llama4,
  llava,
  llavaNext,
  llavaOnevision,
  ltxVideo,
  m2m100,
  mamba,
  mamba2,
  marian,
  mbart,
  mimoV2Flash,
  minicpm,
  minimax,
  minimaxM2,
  ministral,
  ministral3,
  mistral,
  mistral3,
  mixtral,
  mllama,
  mochi,
  modernbert,
  molmo,
  mpnet,
  mpt,
  mt5,
  nemotron,
  nemotronH,
  nemotronNas,
  nomicBert,
  olmo,
  olmo2,
  olmo3,
  olmoe,
  opt,
  paligemma,
  pegasus,
  phi,
  phi3,
  phimoe,
  pixartSana,
  pixtral,
  qwen1,
  qwen2,
  qwen25Vl,
  qwen2Audio,
  qwen2Moe,
  qwen2Vl,
  qwen3,
  qwen35,
  qwen35Moe,
  qwen3Moe,
  qwen3Next,
  qwen3Vl,
  qwen3VlMoe,
  qwenImage,
  recurrentGemma,
  roberta,
  rwkv,
  sam,
  seedOss,
  siglip,
  siglip2,
  smollm3,
  smolvlm,
  stablelm,
  starcoder2,
  swin,
  t5,
  umt5,
  unet2d,
  unet2dCondition,
  vit,
  wanVideo,
  wav2vec2,
  whisper,
  zamba2,
  zImage,
];
