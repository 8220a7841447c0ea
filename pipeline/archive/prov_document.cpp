#include "pipeline/archive/prov_document.hpp"

#include <fmt/format.h>

namespace lensmill::pipeline {
namespace {

using nlohmann::json;

json qualified(const std::string& name) {
  return {{"$", name}, {"type", "prov:QUALIFIED_NAME"}};
}
json time_of(const std::string& utc) { return utc; }

/// Adds relations under names of their own.
class Document {
 public:
  Document()
      : root_{{"prefix",
               {{"lensmill", "urn:lensmill:"},
                {"run", "urn:lensmill:run:"},
                {"job", "urn:lensmill:job:"},
                {"build", "urn:lensmill:build:"},
                {"config", "urn:lensmill:config:"},
                {"sha256", "urn:lensmill:sha256:"}}}} {}
  json& element(const std::string& kind, const std::string& id) {
    return root_[kind][id];
  }
  void relate(const std::string& kind, json relation) {
    root_[kind][fmt::format("_:{}{}", kind, ++relations_)] = std::move(relation);
  }
  json take() { return std::move(root_); }

 private:
  json root_;
  int relations_ = 0;
};

void add_activity(Document& document, const json& job) {
  auto& activity =
      document.element("activity", "job:" + job.at("job_id").get<std::string>());
  activity = {{"prov:type", qualified("lensmill:run")},
              {"prov:startTime", time_of(job.at("started_utc"))},
              {"lensmill:status", job.at("status")}};
  if (job.contains("ended_utc")) activity["prov:endTime"] = time_of(job["ended_utc"]);
  for (const char* part : {"facts", "results"}) {
    if (!job.contains(part)) continue;
    for (const auto& [name, value] : job[part].items()) {
      if (value.is_primitive()) activity["lensmill:" + name] = value;
    }
  }
}

void add_agent(Document& document, const json& job) {
  const auto& facts = job.at("facts");
  const auto fingerprint = facts.at("build_fingerprint").get<std::string>();
  auto& agent = document.element("agent", "build:" + fingerprint);
  agent = {
      {"prov:type", qualified("prov:SoftwareAgent")},
      {"prov:label",
       fmt::format("lensmill {}", facts.at("software_version").get<std::string>())}};
  for (const char* name :
       {"software_version", "git_commit", "compiler", "build_type"}) {
    agent[std::string("lensmill:") + name] = facts.at(name);
  }
}

}  // namespace

json prov_document(const std::vector<json>& jobs, const std::string& virtual_file) {
  Document document;
  const json& last = jobs.back();
  const std::string run = "run:" + last.at("run_id").get<std::string>();
  document.element("entity", run) = {
      {"prov:type", qualified("prov:Collection")},
      {"prov:label", last.at("facts").at("run_name")},
      {"prov:location", virtual_file},
      {"lensmill:rows", last.at("facts").at("run_rows")}};
  // How many a selection needs is not known when a job begins.
  if (last.at("facts").contains("run_shards")) {
    document.element("entity", run)["lensmill:shards"] =
        last.at("facts").at("run_shards");
  }
  for (const json& job : jobs) {
    const std::string id = "job:" + job.at("job_id").get<std::string>();
    const std::string agent =
        "build:" + job.at("facts").at("build_fingerprint").get<std::string>();
    const std::string plan = "config:" + job.at("config_hash").get<std::string>();
    add_activity(document, job);
    add_agent(document, job);
    document.element("entity", plan) = {{"prov:type", qualified("prov:Plan")},
                                        {"prov:location", "run.yaml"}};
    document.relate(
        "wasAssociatedWith",
        {{"prov:activity", id}, {"prov:agent", agent}, {"prov:plan", plan}});
    document.relate("wasGeneratedBy", {{"prov:entity", run}, {"prov:activity", id}});
    for (const auto& input : job.at("inputs")) {
      const std::string file = "sha256:" + input.at("sha256").get<std::string>();
      document.element("entity", file) = {{"prov:location", input.at("path")}};
      document.relate("used", {{"prov:activity", id},
                               {"prov:entity", file},
                               {"prov:role", input.at("role")}});
    }
    for (const auto& gate : job.at("gated_by")) {
      const std::string pilot = "run:" + gate.at("run_id").get<std::string>();
      document.element("entity", pilot) = {{"prov:type", qualified("prov:Collection")},
                                           {"prov:location", gate.at("path")}};
      document.relate(
          "used",
          {{"prov:activity", id}, {"prov:entity", pilot}, {"prov:role", "gate"}});
    }
    if (job.contains("after_job")) {
      document.relate(
          "wasInformedBy",
          {{"prov:informed", id},
           {"prov:informant", "job:" + job["after_job"].get<std::string>()}});
    }
  }
  return document.take();
}

}  // namespace lensmill::pipeline
