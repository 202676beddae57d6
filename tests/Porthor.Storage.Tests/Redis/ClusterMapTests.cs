using System.Net;
using Porthor.Redis;

namespace Porthor.Storage.Tests.Redis;

/// <summary>
/// The assignment of keys to nodes of a Redis Cluster (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/).
/// </summary>
public sealed class ClusterMapTests
{
    private static readonly IPEndPoint Reporter = new(IPAddress.Loopback, 7000);

    [Theory]
    [InlineData("123456789", 12739)] // the specification's example of CRC16
    [InlineData("", 0)]
    [InlineData("{123456789}.more", 12739)]
    [InlineData("before{123456789}{other}", 12739)]
    public void The_slot_of_a_key_follows_the_specification(string key, int slot) => ClusterMap.SlotOf(key).ShouldBe(slot);

    [Fact]
    public void Empty_braces_are_part_of_the_key() => ClusterMap.SlotOf("{}{123456789}").ShouldNotBe(12739);

    [Fact]
    public void Primaries_with_slots_are_owners()
    {
        const string report = """
            07c37df 127.0.0.1:30004@31004,,shard-id=69bc replica e7d1eec 0 1426238317239 4 connected
            67ed2db 10.0.0.2:30002@31002,two.example.com master - 0 1426238316232 2 connected 5461-10922 [93-<-292f8b]
            292f8b3 [2001:db8::3]:30003@31003,three.example.com master,fail - 0 1426238318243 9 connected 10923-16383
            6ec2392 127.0.0.1:30005@31005 master - 0 1426238316232 5 connected
            824fe11 :0@0 master,noaddr - 0 1426238316232 12 disconnected 1
            e7d1eec :30001@31001 myself,master - 0 0 1 connected 0-5459 5460
            """;
        var map = ClusterMap.Parse(report, Reporter, byName: false);
        map.Epoch.ShouldBe(12);
        map.Owners.Keys.ShouldBe(
            [IPEndPoint.Parse("10.0.0.2:30002"), IPEndPoint.Parse("[2001:db8::3]:30003"), Reporter], ignoreOrder: true);
        map.Owners[Reporter].ShouldBe([(0, 5459), (5460, 5460)]);
        map.Owners[IPEndPoint.Parse("10.0.0.2:30002")].ShouldBe([(5461, 10922)]);
        ClusterMap.Parse(report, Reporter, byName: true).Owners.Keys.ShouldContain(new DnsEndPoint("two.example.com", 30002));
    }

    [Theory]
    [InlineData("")]
    [InlineData("id 127.0.0.1:1@2 master - 0 0 epoch connected 0-1")]
    [InlineData("id 127.0.0.1:1@2 master - 0 0 1 connected 5-4 16384 x -1 0-16384")]
    public void An_invalid_report_has_no_owners(string report) => ClusterMap.Parse(report, Reporter, byName: false).Owners.ShouldBeEmpty();
}
