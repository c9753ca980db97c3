using System.Collections.Frozen;

namespace Ingest.Core.Contracts;

/// <summary>Cities and offsets that people take for names of IANA zones: a zone is named for one city only, often another than the capital, and the name nearest by its letters is far away.</summary>
internal static class MistakenZones
{
    private static readonly FrozenDictionary<string, string> s_meant = new Dictionary<string, string[]>
    {
        ["Asia/Shanghai"] = ["Asia/Beijing", "Asia/Peking", "Asia/Guangzhou", "Asia/Shenzhen", "Asia/Nanjing", "Asia/Hangzhou", "Asia/Wuhan", "Asia/Chengdu", "Asia/Tianjin", "Asia/Xian", "China/Beijing", "China/Shanghai", "Beijing", "Shanghai", "China", "UTC+8", "UTC+08:00", "GMT+8", "GMT+08:00", "+8", "+08:00"],
        ["Asia/Kolkata"] = ["Asia/Delhi", "Asia/New_Delhi", "Asia/Mumbai", "Asia/Bombay", "Asia/Bangalore", "Asia/Chennai"],
        ["Asia/Tokyo"] = ["Asia/Osaka", "Asia/Kyoto"],
        ["Asia/Ho_Chi_Minh"] = ["Asia/Hanoi"],
        ["America/New_York"] = ["America/Washington", "America/Boston", "America/Miami"],
        ["America/Los_Angeles"] = ["America/San_Francisco", "America/Seattle"],
        ["America/Sao_Paulo"] = ["America/Brasilia", "America/Rio_de_Janeiro"],
        ["Europe/Berlin"] = ["Europe/Frankfurt", "Europe/Munich", "Europe/Hamburg", "Europe/Bonn"],
        ["Europe/Zurich"] = ["Europe/Geneva", "Europe/Bern"],
        ["Europe/Rome"] = ["Europe/Milan"],
        ["Australia/Sydney"] = ["Australia/Canberra"],
    }.SelectMany(z => z.Value.Select(mistaken => (mistaken, z.Key))).ToFrozenDictionary(z => z.mistaken, z => z.Key, StringComparer.OrdinalIgnoreCase);

    /// <summary>The zone that was meant; null when that is not known.</summary>
    public static string? Meant(string name) => s_meant.GetValueOrDefault(name);
}
