# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A small encoder of BERT's architecture (Devlin et al., 2019): token, position
# and type embeddings, post-norm layers of self-attention and an erf-GELU
# feed-forward, and a tanh pooler over the first token. Weights are random.

import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Config:
    vocabulary: int = 500
    positions: int = 32
    token_types: int = 2
    hidden: int = 80
    heads: int = 4
    feed_forward: int = 240
    layers: int = 2


class SelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.heads
        self.width = config.hidden // config.heads
        self.query = nn.Linear(config.hidden, config.hidden)
        self.key = nn.Linear(config.hidden, config.hidden)
        self.value = nn.Linear(config.hidden, config.hidden)
        self.output = nn.Linear(config.hidden, config.hidden)

    def split_heads(self, x):
        """[batch, seq, hidden] to [batch, heads, seq, width]."""
        batch, seq, _ = x.shape
        return x.reshape(batch, seq, self.heads, self.width).transpose(1, 2)

    def forward(self, x, bias):
        """x [batch, seq, hidden]; bias [batch, 1, 1, seq] is added to the scores."""
        batch, seq, hidden = x.shape
        query = self.split_heads(self.query(x))
        key = self.split_heads(self.key(x))
        value = self.split_heads(self.value(x))
        scores = query @ key.transpose(2, 3) / math.sqrt(self.width) + bias
        context = torch.softmax(scores, dim=-1) @ value
        return self.output(context.transpose(1, 2).reshape(batch, seq, hidden))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.attention = SelfAttention(config)
        self.attention_norm = nn.LayerNorm(config.hidden, eps=1e-12)
        self.expand = nn.Linear(config.hidden, config.feed_forward)
        self.contract = nn.Linear(config.feed_forward, config.hidden)
        self.output_norm = nn.LayerNorm(config.hidden, eps=1e-12)

    def forward(self, x, bias):
        x = self.attention_norm(x + self.attention(x, bias))
        inner = nn.functional.gelu(self.expand(x))
        return self.output_norm(x + self.contract(inner))


class Encoder(nn.Module):
    def __init__(self, config=Config()):
        super().__init__()
        self.words = nn.Embedding(config.vocabulary, config.hidden)
        self.positions = nn.Embedding(config.positions, config.hidden)
        self.types = nn.Embedding(config.token_types, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=1e-12)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.pooler = nn.Linear(config.hidden, config.hidden)
        self.register_buffer("position_ids", torch.arange(config.positions)[None])

    def forward(self, input_ids, attention_mask, token_type_ids):
        """All [batch, seq] int64; hidden [batch, seq, hidden], pooled [batch, hidden]."""
        seq = input_ids.shape[1]
        x = (
            self.words(input_ids)
            + self.types(token_type_ids)
            + self.positions(self.position_ids[:, :seq])
        )
        x = self.norm(x)
        # As BERT does: what is masked gets the lowest float, -3.4e38.
        mask = attention_mask[:, None, None, :].to(x.dtype)
        bias = (1.0 - mask) * torch.finfo(x.dtype).min
        for layer in self.layers:
            x = layer(x, bias)
        return x, torch.tanh(self.pooler(x[:, 0]))


def random_encoder(seed=0):
    """Weights large enough that attention and GELU are not near linear."""
    torch.manual_seed(seed)
    model = Encoder()
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.12)
        elif name.endswith("bias"):
            nn.init.normal_(parameter, std=0.02)
        else:
            nn.init.normal_(parameter, mean=1.0, std=0.05)
    return model.eval()
