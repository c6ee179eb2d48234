// A complete job from the few settings that a measured row tells.

export function makeJob(core, { engine, models, task, inference = {}, training = {}, parallel = {} }) {
  const draft = new core.JobDraft();
  const origin = core.defaultOrigin('measured row');
  draft.set('engine.name', engine, origin);
  draft.set('task', task, origin);
  for (const [path, value] of Object.entries(inference)) draft.set(`inference.${path}`, value, origin);
  for (const [path, value] of Object.entries(training)) draft.set(`training.${path}`, value, origin);
  for (const [path, value] of Object.entries(parallel)) draft.set(`parallel.${path}`, value, origin);
  for (const model of models) draft.addModel(core.modelSetting(model), {});
  return core.completeJob(draft).document;
}

/** A target from the catalogue by name; null when it is not in it. */
export function makeTarget(core, name) {
  const resolution = core.resolveTarget(name, { machine: null, choice: 'chosen' });
  return resolution.ok ? resolution.target : null;
}

export function resolved(core, job, configs) {
  return job.models.map((setting, index) => ({
    setting,
    id: null,
    source: 'accuracy',
    outcome: core.blueprintFromConfig(configs[index]),
  }));
}
