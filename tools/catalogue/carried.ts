/**
 * The API versions the catalogue carries. Google's stable versions, and those that gcloud calls besides.
 * Adding a line and running `npm run catalogue` is all it takes.
 */
export const carried: readonly (readonly [api: string, ...versions: string[]])[] = [
  ["artifactregistry", "v1", "v1beta2"],
  ["bigquery", "v2"],
  ["cloudbuild", "v1", "v2"],
  ["cloudfunctions", "v1", "v2", "v2alpha", "v2beta"],
  ["cloudresourcemanager", "v1", "v2", "v3"],
  ["compute", "v1", "beta"],
  ["discovery", "v1"],
  ["iam", "v1", "v2"],
  ["iamcredentials", "v1"],
  ["logging", "v2"],
  ["oauth2", "v2"],
  ["pubsub", "v1"],
  ["run", "v1", "v1alpha1", "v2"],
  ["secretmanager", "v1"],
  ["serviceusage", "v1", "v1beta1"],
  ["sqladmin", "v1", "v1beta4"],
  ["storage", "v1"],
  ["sts", "v1"],
];
