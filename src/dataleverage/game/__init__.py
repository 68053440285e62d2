"""Who plays: creators and operators, their levers, strategies and policies, and the rules of a round."""
