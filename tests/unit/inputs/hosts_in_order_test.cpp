#include "pipeline/inputs/hosts_in_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::TemporaryFolder;
using testing::EndsWith;
using testing::IsEmpty;

HostNames named(std::vector<std::string> ids, std::vector<std::string> stems) {
  HostNames names;
  names.count = static_cast<std::int64_t>(std::max(ids.size(), stems.size()));
  names.ids = std::move(ids);
  names.stems = std::move(stems);
  return names;
}

std::string table_of(const TemporaryFolder& folder, const std::string& name,
                     const std::string& text) {
  const auto path = (folder / name).string();
  std::ofstream(path) << text;
  return path;
}

TEST(HostsInOrder, IdsAreComparedAsNumbersWhereTheyAre) {
  EXPECT_EQ(comparable_id("007"), comparable_id("7"));
  EXPECT_NE(comparable_id("7"), comparable_id("7a"));
  EXPECT_NE(comparable_id("39627700000000001"), comparable_id("39627700000000002"));
}

TEST(HostsInOrder, FilesWithTheNamesOfOtherHostsAreFound) {
  const auto names = named({"17", "18", "19"}, {"a", "b", "c"});
  EXPECT_EQ(another_order({"w/c.fits", "w/b.fits", "w/a.fits"}, names),
            "w/c.fits is in the place of host 0 (17), but has the name of host 2 (19)");
  EXPECT_THAT(another_order({"w/a_iv.fits", "w/c_iv.fits", "w/b_iv.fits"}, names),
              EndsWith("host 1 (18), but has the name of host 2 (19)"));
  EXPECT_THAT(another_order({"iv-18.fits.fz", "iv-17.fits.fz", "iv-19.fits.fz"}, names),
              EndsWith("host 0 (17), but has the name of host 1 (18)"));
  // Their own names, within words that have letters of others; names of no host.
  EXPECT_THAT(another_order({"cab_a.fits", "cab_b.fits", "cab_c.fits"}, names),
              IsEmpty());
  EXPECT_THAT(another_order({"k1.fits", "k0.fits", "x.fits"}, names), IsEmpty());
  EXPECT_THAT(another_order({"iv-17.fits", "iv-18.fits", "other.fits"}, names),
              IsEmpty());
}

TEST(HostsInOrder, TablesWithOtherIdsAreFound) {
  const TemporaryFolder folder;
  auto names = named({"17", "18", "19"}, {});
  names.id_name = "OBJID";
  const auto table = [&](const std::string& text) {
    return table_of(folder, "t.csv", text);
  };
  const auto swapped = table("P,objid\nx,18\ny,17\nz,19\n");
  EXPECT_EQ(other_ids(swapped, names),
            swapped + ": row 1 says objid = 18, but is in the place of host 0 (17)");
  EXPECT_THAT(other_ids(table("OBJID\n17\n18\n20\n"), names), EndsWith("host 2 (19)"));
  // The column of the ids' name decides; another one's numbers may be anything else.
  EXPECT_THAT(other_ids(table("OBJID,ID\n017,19\n18,18\n19,17\n"), names), IsEmpty());
  EXPECT_THAT(other_ids(table("ID\n1\n2\n3\n"), names), IsEmpty());
  EXPECT_THAT(other_ids(table("TARGETID\n17\n19\n18\n"), names), EndsWith("(18)"));
  EXPECT_THAT(other_ids(table("x\n3\n2\n1\n"), names), IsEmpty());
}

TEST(HostsInOrder, HostsOfASurveyHaveTheIdsOfTheirPositions) {
  const TemporaryFolder folder;
  HostNames names;
  names.count = 2;
  names.table = table_of(folder, "p.csv", "ra,dec,TARGETID\n1,1,5\n2,2,6\n3,3,7\n");
  names.host_of_row = {0, -1, 1};  // a cut leaves one out

  EXPECT_THAT(other_ids(table_of(folder, "t.csv", "CCD,TARGETID\nN1,7\nS2,5\n"), names),
              EndsWith("row 1 says TARGETID = 7, but is in the place of host 0"));
  EXPECT_THAT(other_ids(table_of(folder, "u.csv", "CCD,TARGETID\nN1,5\nS2,7\n"), names),
              IsEmpty());
}

}  // namespace
}  // namespace lensmill::pipeline
